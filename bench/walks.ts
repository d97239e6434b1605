import { Claimants } from './claimants.ts';
import { compare, type Measured } from './compare.ts';
import { MOST } from './pool.ts';
import type { Finding, Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

/** Lookups and claims, called as the code that serves requests does, on 10,000 agents. */
const DOMAIN = 'calls';
const AGENTS = 10_000;
const IN_FLIGHT = [1, 16, 64, 256];
const POOL = '10,000 agents, 50 queues, 3 queues each, 1,000 available';
const SKILLS = 'two skills required, 15 % qualify';

export const lookups: Topic = {
  name: 'lookups',
  measure: (world, settings) =>
    bothWays(
      world,
      settings,
      'Lookups',
      lookUp,
      'The floors are scripts that read or write one key and do nothing else.',
    ),
};

export const claims: Topic = {
  name: 'claims',
  measure: (world, settings) =>
    bothWays(
      world,
      settings,
      'Claims',
      claim,
      'Claims wait for a replica, one WAIT per batch: against "write" a claim pays for that wait and its script, against "write + WAIT" for its script alone.',
    ),
};

type Measure = (world: World, settings: Settings, claimants: Claimants) => Promise<Measured[]>;

async function bothWays(
  world: World,
  settings: Settings,
  title: string,
  measure: Measure,
  reading: string,
): Promise<Finding[]> {
  await world.load(DOMAIN, AGENTS);
  const findings: Finding[] = [];
  for (const withSkills of [false, true]) {
    const claimants = new Claimants(world, DOMAIN, withSkills);
    const rows = await measure(world, settings, claimants);
    const missed = claimants.misses > 0 ? ` ${claimants.misses} found no agent.` : '';
    findings.push({ title: `${title}: ${withSkills ? SKILLS : POOL}`, rows, reading: `${reading}${missed}` });
  }
  return findings;
}

async function lookUp(world: World, { seconds }: Settings, claimants: Claimants): Promise<Measured[]> {
  const contestants = [
    { name: 'read', operation: () => world.floor.read(DOMAIN) },
    { name: 'write', operation: () => world.floor.write(DOMAIN) },
    { name: 'lookup', operation: () => claimants.find() },
  ];
  const rows: Measured[] = [];
  for (const inFlight of IN_FLIGHT)
    rows.push(...(await compare({ contestants, inFlight, seconds, meter: world.meter })));
  return rows;
}

async function claim(world: World, { seconds }: Settings, claimants: Claimants): Promise<Measured[]> {
  const contestants = [
    { name: 'write', operation: () => world.floor.write(DOMAIN) },
    { name: 'write + WAIT', operation: () => world.floor.writeInBatch(world.claims, DOMAIN) },
    { name: 'claim', operation: () => claimants.claim(), most: MOST, cleanUp: () => claimants.releaseAll() },
  ];
  const rows: Measured[] = [];
  for (const inFlight of IN_FLIGHT)
    rows.push(...(await compare({ contestants, inFlight, seconds, meter: world.meter })));
  return rows;
}
