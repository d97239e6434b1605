import { Claimants } from './claimants.ts';
import { compareAt } from './compare.ts';
import { evenWishes, MOST } from './pool.ts';
import { ratioOf, rowOf } from './summary.ts';
import { atMost } from './targets.ts';
import type { Topic } from './topic.ts';
import type { World } from './world.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
const IN_FLIGHT = [1, 64];
const MOST_TIMES_SMALL = 1.25;
const MOST_KB_PER_AGENT = 0.6;
const BYTES_PER_KB = 1000;

/** The cost of a claim in a domain with a hundred times as many agents, and their memory. */
export const scale: Topic = {
  name: 'scale',
  isOnlyIfNamed: true,
  measure: async (world, { seconds }) => {
    await world.load('calls', SMALL);
    const kbPerAgent = (await usedByLoading(world)) / BYTES_PER_KB / LARGE;
    const small = new Claimants(world, 'calls', evenWishes('calls', false));
    const large = new Claimants(world, 'vast', evenWishes('vast', false));
    const contestants = [
      { name: 'write + WAIT', operation: () => world.floor.writeInBatch(world.claims, 'vast') },
      { name: '10,000', operation: () => small.claim(), most: MOST, cleanUp: () => small.releaseAll() },
      { name: '1,000,000', operation: () => large.claim(), most: MOST, cleanUp: () => large.releaseAll() },
    ];
    const rows = await compareAt(IN_FLIGHT, { contestants, seconds, meter: world.meter });
    const times = ratioOf(rowOf(rows, '1,000,000', 1), '10,000', 'p50');
    return [
      {
        scenario: 'scale',
        title: 'Claims by the number of agents in the domain',
        rows,
        reading: `Each size has a domain of its own; about a thousand agents are available in both. An agent takes ${kbPerAgent.toFixed(3)} kB of its master.`,
        targets: [
          atMost('scale: p50 of 1,000,000 agents ÷ 10,000, alone', MOST_TIMES_SMALL, times),
          atMost('scale: kB of Redis per agent', MOST_KB_PER_AGENT, kbPerAgent),
        ],
      },
    ];
  },
};

/** Loads the large domain. @returns what the memory of the masters grew by, in bytes */
async function usedByLoading(world: World): Promise<number> {
  const before = await world.usedBytes();
  await world.load('vast', LARGE);
  return (await world.usedBytes()) - before;
}
