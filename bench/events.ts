import { compareAt } from './compare.ts';
import { agentId } from './pool.ts';
import { type Measured, ratioOf, rowOf } from './summary.ts';
import { atLeast, type Target } from './targets.ts';
import type { Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'events';
const AGENTS = 10_000;
const BATCH = 500;
const BATCHES_IN_FLIGHT = [1, 4];
/** Later than all events of the loaded agents. */
const FIRST_AT_MS = 1_710_000_000_000;
const SAME_BYTES = 'write, same bytes';
const LEAST = 0.3;

/** Status changes, applied as the applier does: a batch of many agents at once. */
export const events: Topic = {
  name: 'events',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    const rows = await applyBatches(world, settings);
    const reading = `An event merges into the agent's record and moves the agent in its four queues. "${SAME_BYTES}" writes as many bytes as an agent's facets have. Latencies are of a batch of ${BATCH}; rates, script time and commands are of events.`;
    const title = 'Events applied: status changes of 10,000 agents';
    return [{ scenario: 'events', title, per: 'batch', rows, reading, targets: targetsOf(rows) }];
  },
};

async function applyBatches(world: World, { seconds }: Settings): Promise<Measured[]> {
  const changes = new Changes(world);
  const facets = (await world.agents.get(agentId(DOMAIN, 0)))?.facets;
  const sameBytes = 'x'.repeat(Buffer.byteLength(JSON.stringify(facets)));
  const write = (value?: string) => () =>
    Promise.all(Array.from({ length: BATCH }, () => world.floor.write(DOMAIN, value)));
  const contestants = [
    { name: 'write', operation: write() },
    { name: SAME_BYTES, operation: write(sameBytes) },
    { name: 'event', operation: () => changes.applyBatch() },
  ];
  return compareAt(BATCHES_IN_FLIGHT, { contestants, seconds, meter: world.meter, units: BATCH });
}

function targetsOf(rows: Measured[]): Target[] {
  return BATCHES_IN_FLIGHT.map((inFlight) =>
    atLeast(
      `events: applied per second ÷ raw writes of the same bytes, ${inFlight} x ${BATCH} in flight`,
      LEAST,
      ratioOf(rowOf(rows, 'event', inFlight), SAME_BYTES, 'perSecond'),
    ),
  );
}

/** Agents going on a break and coming back. */
class Changes {
  readonly #world: World;
  #count = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async applyBatch(): Promise<void> {
    await Promise.all(Array.from({ length: BATCH }, () => this.#applyOne(this.#count++)));
  }

  async #applyOne(count: number): Promise<void> {
    const round = Math.floor(count / AGENTS);
    const agent = count % AGENTS;
    const state = (round + agent) % 2 === 0 ? 'PAUSED' : 'ON_DUTY';
    const version = { at: FIRST_AT_MS + count, id: `change-${count}` };
    await this.#world.agents.apply(agentId(DOMAIN, agent), {
      presence: { state, ...version },
      activity: { state: 'IDLE', ...version },
    });
  }
}
