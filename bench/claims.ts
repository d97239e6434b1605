import { BullMq } from './bullmq.ts';
import { Claimants } from './claimants.ts';
import { type Contestant, compareAt } from './compare.ts';
import { evenWishes, hotWishes, MOST, POOL, SKILLS_REQUIRED, type Wishes } from './pool.ts';
import { type Measured, ratioOf, rowOf } from './summary.ts';
import { atLeast, atMost, type Target } from './targets.ts';
import { Textbook } from './textbook.ts';
import { depthsOf, type Finding, type Settings, type Topic } from './topic.ts';
import type { World } from './world.ts';

const DOMAIN = 'calls';
const AGENTS = 10_000;
const DEPTH = 64;
const WAITED = 'write + WAIT';

const MOST_TIMES_WAITED = 1.4;
const MOST_SCRIPT_US = { alone: 30, atDepth: 16 };
/** With two skills a claim looks at seven agents. */
const WITH_SKILLS = 2;
const LEAST_TIMES_BULLMQ = 1.3;

interface Load {
  scenario: string;
  title: string;
  wishes: () => Wishes;
  /** Contestants of this load only. */
  more: Contestant[];
  targets: (rows: Measured[]) => Target[];
}

/** Claims, called as the code that serves requests does, beside other ways to take one of many. */
export const claims: Topic = {
  name: 'claims',
  measure: async (world, settings) => {
    await world.load(DOMAIN, AGENTS);
    await new Textbook(world, DOMAIN, hotWishes).load();
    const bullMq = await BullMq.start(world.addresses, DOMAIN);
    try {
      const findings: Finding[] = [];
      for (const load of loads(bullMq)) findings.push(await claim(world, settings, load));
      return findings;
    } finally {
      await bullMq.stop();
    }
  },
};

const loads = (bullMq: BullMq): Load[] => [
  {
    scenario: 'claims',
    title: `Claims: ${POOL}`,
    wishes: () => evenWishes(DOMAIN, false),
    more: [bullMq],
    targets: (rows) => [
      atMost(`claims: p50 ÷ ${WAITED}, alone`, MOST_TIMES_WAITED, ratioOf(rowOf(rows, 'claim', 1), WAITED, 'p50')),
      ...scriptTargets('claims', rows, 1),
      atLeast(
        `claims: per second ÷ BullMQ's take-next, ${DEPTH} in flight`,
        LEAST_TIMES_BULLMQ,
        ratioOf(rowOf(rows, 'claim', DEPTH), bullMq.name, 'perSecond'),
      ),
    ],
  },
  {
    scenario: 'claims with two skills',
    title: `Claims: ${SKILLS_REQUIRED}`,
    wishes: () => evenWishes(DOMAIN, true),
    more: [],
    targets: (rows) => scriptTargets('claims with two skills', rows, WITH_SKILLS),
  },
  {
    scenario: 'claims of one queue',
    title: 'Claims: all of the same queue, 1,000 available in it',
    wishes: () => hotWishes,
    more: [],
    targets: () => [],
  },
];

function scriptTargets(scenario: string, rows: Measured[], times: number): Target[] {
  const { alone, atDepth } = MOST_SCRIPT_US;
  return [
    atMost(`${scenario}: script µs, alone`, times * alone, rowOf(rows, 'claim', 1).scriptUs),
    atMost(`${scenario}: script µs a claim, ${DEPTH} in flight`, times * atDepth, rowOf(rows, 'claim', DEPTH).scriptUs),
  ];
}

async function claim(world: World, settings: Settings, load: Load): Promise<Finding> {
  const claimants = new Claimants(world, DOMAIN, load.wishes());
  const textbook = new Textbook(world, DOMAIN, load.wishes());
  const contestants: Contestant[] = [
    { name: 'write', operation: () => world.floor.write(DOMAIN) },
    { name: WAITED, operation: () => world.floor.writeInBatch(world.claims, DOMAIN) },
    ...load.more,
    textbook,
    { name: 'claim', operation: () => claimants.claim(), most: MOST, cleanUp: () => claimants.releaseAll() },
  ];
  const { seconds } = settings;
  const rows = await compareAt(depthsOf(settings), { contestants, seconds, meter: world.meter });
  const ours = rows.filter(({ name }) => name === 'claim');
  const leastTimes = Math.min(...ours.map((row) => ratioOf(row, textbook.name, 'perSecond')));
  const missed = [claimants.misses, textbook.misses].map((count, i) => `${count} of ${['ours', 'the textbook'][i]}`);
  return {
    scenario: load.scenario,
    title: load.title,
    rows,
    reading: `Claims wait for a replica, one WAIT per batch: against "write" a claim pays for that wait and its script, against "${WAITED}" for its script alone. BullMQ and the textbook's code wait for no replica. Found no agent: ${missed.join(', ')}.`,
    targets: [
      ...load.targets(rows),
      atLeast(`${load.scenario}: per second ÷ the textbook's code, lowest of all depths`, 1, leastTimes),
    ],
  };
}
