import { compare, type Measured } from './compare.ts';
import { agentId } from './pool.ts';
import type { Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'events';
const AGENTS = 10_000;
const BATCH = 500;
const BATCHES_IN_FLIGHT = [1, 4];
/** Later than all events of the loaded agents. */
const FIRST_AT_MS = 1_710_000_000_000;

/** Status changes, applied as the applier does: a batch of many agents at once. */
export const events: Topic = {
  name: 'events',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    const rows = await applyBatches(world, settings);
    const reading = `An event merges into the agent's record and moves the agent in its four queues. Latencies are of a batch of ${BATCH}; rates and commands are of events.`;
    return [{ title: 'Events applied: status changes of 10,000 agents', per: 'batch', rows, reading }];
  },
};

async function applyBatches(world: World, { seconds }: Settings): Promise<Measured[]> {
  const changes = new Changes(world);
  const contestants = [
    { name: 'write', operation: () => Promise.all(Array.from({ length: BATCH }, () => world.floor.write(DOMAIN))) },
    { name: 'event', operation: () => changes.applyBatch() },
  ];
  const rows: Measured[] = [];
  for (const inFlight of BATCHES_IN_FLIGHT) {
    rows.push(...(await compare({ contestants, inFlight, seconds, meter: world.meter, units: BATCH })));
  }
  return rows;
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
