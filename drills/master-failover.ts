import type { ClaimAnswer } from '../src/contract/claims.ts';
import { systemClock } from '../src/ops/clock.ts';
import type { LocalRegion } from '../world/region/region.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, Held } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import { hasReplicas, PROMOTION_LIMIT_MS, replaced } from './stage/failover.ts';
import type { Stage } from './stage/stage.ts';
import { duration, shown } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
const HELD = 3;
const PATIENT = 3;
/** The largest budget that callers can give, in ms. */
const BUDGET_MS = 10_000;
/** As recommended: shorter than the budget. */
const NODE_TIMEOUT_MS = 3_000;

export const masterFailover: Drill = {
  name: 'master-failover',
  proves:
    'The Redis master that holds all agents of a region is killed under load: its replica is promoted, claims held ' +
    'before are held after; callers who can wait see latency, others get 503, and nothing else. An event that a ' +
    'failover lost is accepted when it is sent again.',
  async run(stage) {
    const world = await stage.open('master-failover', { nodeTimeoutMs: NODE_TIMEOUT_MS });
    const region = ask.regionOf(world, REGION);
    const { cluster } = region;
    const tally = ask.tallyOf(world, REGION);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const held = new Held(stage, world, region);
    await held.take(HELD);

    const before = { granted: tally.granted, unavailable: tally.unavailable };
    const killed = await stage.step(`The master that holds ${AGENTS} is killed`, async (say) => {
      const master = await cluster.masterOf(AGENTS);
      const replica = await cluster.replicaOf(master);
      say('killed', `${master.name}, process ${master.server.pid}`);
      say('its replica', replica?.name ?? 'none');
      world.history?.store(REGION, 'alone');
      await cluster.kill(master);
      return master;
    });
    const patient = Promise.allSettled(
      Array.from({ length: PATIENT }, (_, at) => waitFor(world, region, `patient-${at + 1}`)),
    );
    await stage.step('Its replica is promoted', async (say) => {
      await replaced(stage, say, region, AGENTS, killed);
    });
    await stage.step('Callers who gave their claims time saw latency and no error', async (say) => {
      for (const outcome of await patient) {
        demand(outcome.status === 'fulfilled', `a caller got no answer: ${shown(outcome)}`);
        const { call_id, answer, tookMs } = outcome.value;
        say(call_id, `${ask.outcome(answer)} after ${duration(tookMs)}`);
        demand(ask.succeeded(answer), `${call_id} was answered with ${shown(answer)}`);
        const { claim_id } = answer.body as ClaimAnswer;
        demand(ask.succeeded(await ask.settle(world, region, { claim_id }, 'release')), `${claim_id} was not released`);
      }
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.step(`The answers to callers of ${REGION} with a budget of 200 ms`, (say) => {
      const { surprises } = world.callers;
      say('granted', tally.granted - before.granted);
      say('come again (503)', tally.unavailable - before.unavailable);
      say('anything else', surprises.length === 0 ? 'nothing' : surprises);
      demand(surprises.length === 0, 'a call got an answer that it should never get');
    });
    await held.findAndRelease();
    await stage.step('The old master comes back as a replica, and every master has one', async (say) => {
      await cluster.restart(killed);
      await hasReplicas(stage, say, world, region);
      world.history?.store(REGION, 'replicated');
    });
    await tellAgain(stage, world);
    await stage.prove();
  },
};

/** An agent of no platform, because a platform would report the change again. */
const AGENT_ID = 'crm:drill';

/** A change that a failover lost, and that only the memory of instances still has. */
async function tellAgain(stage: Stage, world: World): Promise<void> {
  const region = ask.regionOf(world, REGION);
  const { cluster } = region;
  const send = (event_id: string, status: 'AVAILABLE' | 'OFFLINE', timestamp: number) =>
    world.http.muster(region.url).sendEvents({ body: { event_id, agent_id: AGENT_ID, status, timestamp } });
  const atMs = systemClock.nowMs();
  const master = await cluster.masterOf(AGENTS);
  const replica = await stage.step('Calls stop, and the link to its new replica breaks', async (say) => {
    const { converged, differing } = await world.settle();
    demand(converged, `${differing} agents differ`);
    await send('drill-on', 'AVAILABLE', atMs - 1);
    await stage.until(
      `${AGENT_ID} is known`,
      () => ask.agentEverywhere(world, AGENT_ID),
      (told) => Object.values(told).every(({ status }) => status === 'AVAILABLE'),
    );
    say('calls under way', world.callers.inFlight);
    world.history?.store(REGION, 'alone');
    return cluster.cutReplication(master);
  });
  await stage.step('An agent logs out, which only the master has on record, and the master is killed', async (say) => {
    await send('drill-off', 'OFFLINE', atMs);
    await cluster.kill(master);
    await replaced(stage, say, region, AGENTS, master);
  });
  await stage.step('An event that the failover lost is accepted when it is sent again', async (say) => {
    await stage.until(
      'it is accepted again',
      () => send('drill-off', 'OFFLINE', atMs),
      ask.succeeded,
      PROMOTION_LIMIT_MS,
    );
    const told = await ask.agentIn(world, region, AGENT_ID);
    say(AGENT_ID, ask.status(told));
    demand(told.status === 'OFFLINE', `${AGENT_ID} has left, and is ${told.status}`);
    await cluster.mendReplication(replica);
    await cluster.restart(master);
    await hasReplicas(stage, say, world, region);
    world.history?.store(REGION, 'replicated');
  });
}

/** A claim whose caller can wait for a promotion. */
async function waitFor(world: World, region: LocalRegion, call_id: string) {
  const startedMs = systemClock.monotonicMs();
  const answer = await ask.claimPatiently(world, region, { queue: 'global', call_id, budget_ms: BUDGET_MS });
  return { call_id, answer, tookMs: systemClock.monotonicMs() - startedMs };
}
