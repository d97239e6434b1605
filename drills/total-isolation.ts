import type { ClaimAnswer } from '../src/contract/claims.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, claimSomeone } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration, each } from './stage/words.ts';

const ISOLATED = 'eu-west-1';
const HOME = 'us-east-1';
/** Long enough to ask a platform, and a home if there were one. */
const BUDGET_MS = 2_000;

type Policy = 'refuse' | 'verify';
type Grants = Record<string, Record<string, number>>;

export const totalIsolation: Drill = {
  name: 'total-isolation',
  proves:
    'A region hears no other region and not the bus, but platforms and callers reach it. Under `refuse` both sides grant ' +
    'their own agents only, and no agent is booked twice; under `verify` platforms confirm the others.',
  async run(stage) {
    for (const policy of ['refuse', 'verify'] as const) {
      const world = await stage.open(policy, { connection: { authority: policy } });
      await isolate(stage, world, policy);
      await stage.prove({ doubleBookings: policy === 'refuse' ? 'none' : 'counted' });
    }
  },
};

async function isolate(stage: Stage, world: World, policy: Policy): Promise<void> {
  await callsGetAgents(stage, world, `Calls arrive and get agents, under \`${policy}\``);
  const held = await stage.step(`${ISOLATED} is cut off from the bus and all other regions`, async (say) => {
    const claim = await claimKnownThere(stage, world);
    world.weather.isolate(ISOLATED);
    for (const link of world.weather.linksOf(ISOLATED)) say(`to ${link.from(ISOLATED)}`, link.report().state);
    const confirmed = await ask.settle(world, ask.regionOf(world, HOME), claim, 'confirm');
    say(`${claim.call_id} confirms in ${HOME}`, `${ask.outcome(confirmed)}, ${claim.agent.name}, fence ${claim.fence}`);
    demand(ask.succeeded(confirmed), 'the holder has lost the agent');
    return claim;
  });
  await stage.step('Both sides notice', async (say) => {
    for (const region of world.regions) {
      const lost = region.name === ISOLATED ? ask.othersThan(world, ISOLATED).map(({ name }) => name) : [ISOLATED];
      const { seen } = await stage.until(
        `${region.name} reports ${lost.join(' and ')} as stale and unreachable`,
        () => Promise.all(lost.map((name) => ask.viewOf(world, region, name))),
        (views) => views.every(({ state, reachable }) => state === 'stale' && !reachable),
        2 * stage.pace.staleMs,
      );
      say(
        region.name,
        seen.map(
          ({ region, state, age_ms }) => `${region}: ${state}, unreachable, last heard ${duration(age_ms ?? 0)} ago`,
        ),
      );
    }
  });
  await stage.step('Callers of all regions go on', async (say) => {
    const [before, verified] = [ask.grantedByHome(world), verifiedIn(world)];
    await stage.pass(2 * stage.pace.staleMs);
    const granted = since(ask.grantedByHome(world), before);
    const verifiedNow = ask.gained(verifiedIn(world), verified);
    for (const [region, homes] of Object.entries(granted)) {
      say(`calls in ${region}`, `on agents of ${each(homes)}; verified: ${verifiedNow[region]}`);
    }
    for (const { name } of world.regions)
      demand((granted[name]?.[name] ?? 0) > 0, `${name} grants no agent of its own`);
    const across = acrossTheCut(granted);
    if (policy === 'refuse') demand(across === 0, `${across} claims were granted across the cut`);
    else demand(across > 0, 'no platform confirmed an agent');
  });
  await nobodyIsGrantedTwice(stage, world, held);
  await stage.step(`${ISOLATED} is back`, async (say) => {
    world.weather.rejoin(ISOLATED);
    const { afterMs } = await stage.until(
      'every region hears every other',
      () => ask.reports(world),
      (reports) => reports.every(({ regions }) => regions.every((view) => view.state === 'fresh' && view.reachable)),
    );
    say('all fresh', `after ${duration(afterMs)}`);
  });
  await callsGetAgents(stage, world, 'Calls get agents in every region as before');
  await stage.step('Conflicts between claims of both sides are reported', async (say) => {
    for (const region of world.regions) {
      say(region.name, `${await ask.metric(world, region, 'muster_claim_conflicts_total')} conflicts`);
    }
  });
}

/** A claim at another home that the region knows of, without its confirmation. */
async function claimKnownThere(stage: Stage, world: World): Promise<ClaimAnswer> {
  const claim = await claimSomeone(stage, world, ask.regionOf(world, HOME));
  await stage.until(
    `${ISOLATED} knows of ${claim.call_id}`,
    () => ask.agentIn(world, ask.regionOf(world, ISOLATED), claim.agent_id),
    ({ facets }) => facets.claim?.fence === claim.fence,
  );
  return claim;
}

/** A claim that has lapsed as far as the region knows was confirmed at the home, which it cannot ask: the agent is not free. */
function nobodyIsGrantedTwice(stage: Stage, world: World, { agent_id, fence, ...held }: ClaimAnswer): Promise<void> {
  return stage.step(
    'A claim that has lapsed here may be alive at the home: its agent is not granted again',
    async (say) => {
      const region = ask.regionOf(world, ISOLATED);
      const { seen } = await stage.until(
        `${held.call_id} has lapsed, as far as ${ISOLATED} knows`,
        () => ask.agentIn(world, region, agent_id),
        ({ claimed_for_ms }) => claimed_for_ms === undefined,
      );
      say(`${held.agent.name} in ${ISOLATED}`, ask.status(seen));
      for (const call_id of ['drill-second-1', 'drill-second-2']) {
        const answer = await ask.claim(world, region, { queue: 'global', call_id, agent_id, budget_ms: BUDGET_MS });
        say(`${call_id} there`, ask.outcome(answer));
        demand(!ask.succeeded(answer), `two calls hold ${held.agent.name}`);
      }
      const home = ask.regionOf(world, HOME);
      const renewed = await ask.settle(world, home, held, 'renew');
      say(`${held.call_id} renews in ${HOME}`, ask.outcome(renewed));
      demand(ask.succeeded(renewed) && (renewed.body as ClaimAnswer).fence === fence, 'the holder has lost the agent');
      demand(ask.succeeded(await ask.settle(world, home, held, 'release')), 'the holder cannot give the agent back');
    },
  );
}

function verifiedIn({ callers }: World): Record<string, number> {
  return Object.fromEntries([...callers.tallies].map(([name, { verified }]) => [name, verified]));
}

function since(now: Grants, before: Grants): Grants {
  return Object.fromEntries(
    Object.entries(now).map(([region, homes]) => [region, ask.gained(homes, before[region] ?? {})]),
  );
}

/** Claims granted to callers of one side on agents of the other. */
function acrossTheCut(granted: Grants): number {
  return Object.entries(granted)
    .flatMap(([region, homes]) => Object.entries(homes).map(([home, count]) => ({ region, home, count })))
    .filter(({ region, home }) => (region === ISOLATED) !== (home === ISOLATED))
    .reduce((total, { count }) => total + count, 0);
}
