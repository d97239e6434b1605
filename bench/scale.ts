import { Claimants } from './claimants.ts';
import { compare } from './compare.ts';
import { MOST } from './pool.ts';
import type { Topic } from './topic.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
const IN_FLIGHT = [1, 64];

/** The cost of a claim in a domain with a hundred times as many agents. */
export const scale: Topic = {
  name: 'scale',
  isLarge: true,
  measure: async (world, { seconds }) => {
    await world.load('calls', SMALL);
    await world.load('vast', LARGE);
    const small = new Claimants(world, 'calls', false);
    const large = new Claimants(world, 'vast', false);
    const contestants = [
      { name: 'write + WAIT', operation: () => world.floor.writeInBatch(world.claims, 'vast') },
      { name: '10,000', operation: () => small.claim(), most: MOST, cleanUp: () => small.releaseAll() },
      { name: '1,000,000', operation: () => large.claim(), most: MOST, cleanUp: () => large.releaseAll() },
    ];
    const rows = [];
    for (const inFlight of IN_FLIGHT)
      rows.push(...(await compare({ contestants, inFlight, seconds, meter: world.meter })));
    const reading = 'Each size has a domain of its own; about a thousand agents are available in both.';
    return [{ title: 'Claims by the number of agents in the domain', rows, reading }];
  },
};
