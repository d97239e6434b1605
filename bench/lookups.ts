import { Claimants } from './claimants.ts';
import { compareAt } from './compare.ts';
import { evenWishes, POOL, SKILLS_REQUIRED } from './pool.ts';
import { rowOf } from './summary.ts';
import { atMost, type Target } from './targets.ts';
import { depthsOf, type Finding, type Settings, type Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'calls';
const AGENTS = 10_000;
const MOST_SCRIPT_US = 7;
const DEPTH = 64;

/** Lookups of the best agent of a queue. */
export const lookups: Topic = {
  name: 'lookups',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    return [await lookUp(world, settings, false), await lookUp(world, settings, true)];
  },
};

async function lookUp(world: World, settings: Settings, withSkills: boolean): Promise<Finding> {
  const claimants = new Claimants(world, DOMAIN, evenWishes(DOMAIN, withSkills));
  const contestants = [
    { name: 'read', operation: () => world.floor.read(DOMAIN) },
    { name: 'write', operation: () => world.floor.write(DOMAIN) },
    { name: 'lookup', operation: () => claimants.find() },
  ];
  const { seconds } = settings;
  const rows = await compareAt(depthsOf(settings), { contestants, seconds, meter: world.meter });
  const missed = claimants.misses > 0 ? ` ${claimants.misses} found no agent.` : '';
  const targets: Target[] = withSkills
    ? []
    : [atMost(`lookups: script µs, ${DEPTH} in flight`, MOST_SCRIPT_US, rowOf(rows, 'lookup', DEPTH).scriptUs)];
  return {
    scenario: withSkills ? 'lookups with two skills' : 'lookups',
    title: `Lookups: ${withSkills ? SKILLS_REQUIRED : POOL}`,
    rows,
    reading: `The floors are scripts that read or write one key and do nothing else.${missed}`,
    targets,
  };
}
