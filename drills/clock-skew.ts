import { isDeepStrictEqual } from 'node:util';
import type { ClaimAnswer } from '../src/contract/claims.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration, each } from './stage/words.ts';

const AHEAD = 'us-east-1';
const BEHIND = 'ap-southeast-1';
const SKEWS_MS = [0, 5_000, 300_000];
/** Number of agents of each organisation who log in, one after another. */
const PER_CONNECTION = 5;
/** Time between two of them: more than the resolution of the platform's time. */
const GAP_MS = 15;

/** Agents in the order in which they were handed out, in two rounds. */
type Order = string[];

export const clockSkew: Drill = {
  name: 'clock-skew',
  proves:
    "One region's clock is ahead and another's behind, by 5 s and by 5 min: agents are handed out in the same order, and " +
    'as fairly, as with right clocks. All that changes is a warning.',
  async run(stage) {
    let expected: Order | undefined;
    for (const skewMs of SKEWS_MS) {
      const words = skewMs === 0 ? 'right clocks' : `clocks off by ${duration(skewMs)}`;
      const clockOffsetsMs: Record<string, number> = skewMs === 0 ? {} : { [AHEAD]: skewMs, [BEHIND]: -skewMs };
      const world = await stage.open(words.replaceAll(' ', '-'), { agents: 60, weather: 'calm', clockOffsetsMs });
      const order = await handOut(stage, world, words);
      const reference = expected ?? order;
      if (expected) {
        await stage.step('The order is that of the run with right clocks', (say) => {
          const first = order.findIndex((agentId, at) => agentId !== reference[at]);
          say('compared', `${order.length} grants, each to the same agent`);
          demand(first === -1, `grant ${first + 1} went to another agent than with right clocks`);
        });
      }
      expected = reference;
      await warnings(stage, world, skewMs);
      await callsGetAgents(stage, world, `Calls get agents in every region, with ${words}`);
      await stage.prove();
    }
  },
};

/**
 * Only the drill acts: agents log in one after another, are handed out by the regions in turn, are given back in that
 * order, and are handed out once more.
 */
async function handOut(stage: Stage, world: World, words: string): Promise<Order> {
  for (const connection of world.connections) connection.pause();
  const came = await stage.step(`Agents come in one after another, with ${words}`, async (say) => {
    const order = await comeIn(stage, world);
    const { afterMs } = await stage.until(
      'every region has them in that order',
      () => Promise.all(world.regions.map((region) => inLine(world, region.url))),
      (lines) => lines.every((line) => isDeepStrictEqual(line, order)),
    );
    say('in line', `${order.length} agents, in the same order in every region after ${duration(afterMs)}`);
    return order;
  });
  return stage.step('They are handed out in turn by the three regions, twice', async (say) => {
    const order: Order = [];
    for (const round of [1, 2]) {
      const claims: ClaimAnswer[] = [];
      for (const at of came.keys()) {
        const region = world.regions[at % world.regions.length] ?? world.regions[0];
        if (!region) throw new Error('a world without regions');
        const asked = { queue: 'global', call_id: `drill-${round}-${at}`, budget_ms: 2_000 };
        const answer = await ask.claim(world, region, asked);
        demand(
          ask.succeeded(answer),
          `call ${asked.call_id} in ${region.name} was answered with ${ask.outcome(answer)}`,
        );
        claims.push(answer.body as ClaimAnswer);
      }
      for (const claim of claims) await giveBack(stage, world, claim);
      order.push(...claims.map(({ agent_id }) => agent_id));
    }
    const shares = Object.values(Object.groupBy(order, (agentId) => agentId)).map((grants) => grants?.length ?? 0);
    say(
      'order',
      isDeepStrictEqual(order.slice(0, came.length), came) ? 'as they came in' : 'another than they came in',
    );
    say('shares', `every agent got ${[...new Set(shares)].sort().join(' or ')} calls`);
    demand(isDeepStrictEqual(order, [...came, ...came]), 'an agent was passed over');
    return order;
  });
}

/** All agents log out, and some log in again in a fixed order, organisation by organisation. */
async function comeIn(stage: Stage, world: World): Promise<string[]> {
  for (const { organisation, simulator } of world.organisations) {
    for (const id of organisation.userIds) simulator.setUser(id, { presence: 'Offline' });
  }
  const order: string[] = [];
  for (let number = 0; number < PER_CONNECTION; number++) {
    for (const connection of world.organisations) {
      const id = connection.organisation.userIds[number] ?? '';
      connection.simulator.setUser(id, { presence: 'On Queue' });
      order.push(connection.agentId(id));
      await stage.pass(GAP_MS);
    }
  }
  return order;
}

async function inLine({ http }: World, url: string): Promise<string[]> {
  const { body } = await http.muster(url).findAgents({ query: { limit: 50 } });
  return ('agents' in body ? body.agents : []).map(({ agent_id }) => agent_id);
}

/** Ends the call: the agent goes to the end of the queue, and every region knows. */
async function giveBack(stage: Stage, world: World, claim: ClaimAnswer): Promise<void> {
  const home = ask.regionOf(world, claim.agent.home);
  for (const settlement of ['confirm', 'complete'] as const) {
    const answer = await ask.settle(world, home, claim, settlement);
    demand(ask.succeeded(answer), `${settlement} of ${claim.call_id} was answered with ${ask.outcome(answer)}`);
  }
  await stage.until(
    `every region knows that ${claim.call_id} is over`,
    () => ask.agentEverywhere(world, claim.agent_id),
    (told) => Object.values(told).every(({ status }) => status === 'AVAILABLE'),
  );
}

function warnings(stage: Stage, world: World, skewMs: number): Promise<void> {
  const name = skewMs === 0 ? 'No region warns' : 'Every region warns of the clocks that are off, and of nothing else';
  return stage.step(name, async (say) => {
    const { seen } = await stage.until(
      'warnings about clocks that are off, and no region stale',
      () => ask.reports(world),
      (reports) => reports.every(({ warnings }) => (skewMs === 0 ? warnings.length === 0 : warnings.length > 0)),
    );
    for (const { region, warnings, regions } of seen) {
      const others = regions.filter((other) => other.region !== region);
      const offsets = others.map((other) => [other.region, duration(other.clock_offset_ms ?? 0)]);
      say(region, [`offset of ${each(Object.fromEntries(offsets))}`, ...warnings]);
      demand(
        regions.every(({ state }) => state === 'fresh'),
        `${region} calls a region other than fresh`,
      );
    }
  });
}
