import type { ClaimAnswer } from '../src/contract/claims.ts';
import type { LocalRedisNode } from '../world/redis/cluster.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, claimSomeone, Held, lineOf } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import { DoubledCallers } from './stage/doubled.ts';
import type { Drill } from './stage/drill.ts';
import { hasReplicas, PROMOTION_LIMIT_MS, replaced } from './stage/failover.ts';
import type { Stage } from './stage/stage.ts';
import { duration, each } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
const HELD = 3;
const LEAVERS = 3;
/** Number of claims which shows that callers who send everything twice make progress. */
const ENOUGH = 5;
const NODE_TIMEOUT_MS = 3_000;
/** How long a store with one copy is watched for grants, in ms. */
const WATCHED_MS = 2_000;
/** How long an agent is held by a confirmed claim whose end was lost with the old master. */
const CONFIRMED_MS = 60_000;

export const refuse: Drill = {
  name: 'refuse',
  proves:
    'A master dies that its replica no longer followed, under `claims.replication: refuse` and with every request sent ' +
    'twice: no answer claimed what no replica had, and all answers hold after the promotion.',
  async run(stage) {
    const world = await stage.open('refuse', {
      nodeTimeoutMs: NODE_TIMEOUT_MS,
      config: { claims: { replication: 'refuse' } },
      connection: { authority: 'refuse' },
    });
    const doubled = new DoubledCallers(stage, world, ask.regionOf(world, REGION));
    try {
      await play(stage, world, doubled);
    } finally {
      doubled.hangUp();
    }
    await stage.prove({ agreeWithinMs: CONFIRMED_MS + 15_000 });
  },
};

async function play(stage: Stage, world: World, doubled: DoubledCallers): Promise<void> {
  const region = ask.regionOf(world, REGION);
  const { cluster } = region;
  await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
  const held = new Held(stage, world, region);
  await held.take(HELD);
  await stage.step('Other callers send everything twice at once', async (say) => {
    doubled.start();
    const { ledger } = doubled;
    await stage.until(
      `${ENOUGH} of them confirm`,
      () => ledger.confirmed,
      (count) => count >= ENOUGH,
    );
    say('answers', each(ledger.told));
  });
  const master = await cluster.masterOf(AGENTS);
  const { open, replica } = await cutReplication(stage, world, master, held);
  const gone = await someLeave(stage, world, held);
  await failOver(stage, world, master, doubled);
  await stage.step('The old master comes back as a replica, and every master has one', async (say) => {
    await cluster.mendReplication(replica);
    await cluster.restart(master);
    await hasReplicas(stage, say, world, region);
    world.history?.store(REGION, 'replicated');
  });
  await callsGetAgents(stage, world, 'Calls get agents in every region again');
  await askAgain(stage, world, open);
  await stage.step('Changes on the platform that only the master had are known again, in every region', async (say) => {
    for (const agentId of gone) {
      const { seen, afterMs } = await stage.until(
        'the agent is on a break in every region',
        () => ask.agentEverywhere(world, agentId),
        (told) => Object.values(told).every(({ reason, stale }) => reason === 'BREAK' && !stale),
        2 * stage.pace.reconcileMs + PROMOTION_LIMIT_MS,
      );
      for (const { name, reason } of Object.values(seen).slice(0, 1))
        say(name, `${reason}, after ${duration(afterMs)}`);
    }
  });
  await held.findAndRelease();
  await stage.step('The answers to callers who send everything twice', async (say) => {
    const { ledger } = doubled;
    const before = ledger.confirmed;
    await stage.until(
      `${ENOUGH} more confirm`,
      () => ledger.confirmed - before,
      (count) => count >= ENOUGH,
    );
    await doubled.stop();
    say('confirmed', ledger.confirmed);
    say('answers', each(ledger.told));
    if (ledger.contradictions.length > 0) say('contradictions', ledger.contradictions);
    demand(ledger.contradictions.length === 0, 'answers contradicted each other');
  });
}

/** Claims that were replicated before the link was cut, and for which requests were sent after it. */
interface Open {
  toConfirm: ClaimAnswer;
  toComplete: ClaimAnswer;
}

function cutReplication(
  stage: Stage,
  world: World,
  master: LocalRedisNode,
  held: Held,
): Promise<{ open: Open; replica: LocalRedisNode }> {
  return stage.step('The link to its replica breaks: no answer claims what no replica has', async (say) => {
    const region = ask.regionOf(world, REGION);
    const noneOf = held.claims.map(({ agent_id }) => agent_id);
    const toComplete = await claimSomeone(stage, world, region, { noneOf });
    const confirmed = await ask.settle(world, region, toComplete, 'confirm');
    demand(ask.succeeded(confirmed), `the confirmation before was answered with ${ask.outcome(confirmed)}`);
    const toConfirm = await claimSomeone(stage, world, region, { noneOf: [...noneOf, toComplete.agent_id] });
    world.history?.store(REGION, 'alone');
    const replica = await region.cluster.cutReplication(master);
    const [toRenew] = held.claims;
    if (!toRenew) throw new Error('no agent is held');
    for (const [claim, settlement] of [
      [toConfirm, 'confirm'],
      [toRenew, 'renew'],
      [toComplete, 'complete'],
    ] as const) {
      const asked = () => ask.settle(world, region, claim, settlement);
      const answers = await Promise.all([asked(), asked()]);
      say(`${settlement}, twice`, answers.map(ask.outcome).join(', '));
      demand(
        answers.every(ask.isUnreplicated),
        `${settlement} was answered with ${answers.map(ask.outcome).join(', ')}`,
      );
    }
    return { open: { toConfirm, toComplete }, replica };
  });
}

/** Agents leave. None is granted at present, so no call is sent to them at the same moment. */
function someLeave(stage: Stage, world: World, held: Held): Promise<string[]> {
  return stage.step('Some go on a break, which only the master has on record', async (say) => {
    const region = ask.regionOf(world, REGION);
    const platform = ask.connectionOf(world, REGION);
    const kept = held.claims.map(({ agent_id }) => agent_id);
    const idle = lineOf(platform).filter(({ id }) => !kept.includes(platform.agentId(id)));
    const leavers = idle.slice(-LEAVERS);
    demand(leavers.length === LEAVERS, 'too few wait for a call');
    for (const { id, name } of leavers) {
      platform.simulator.setUser(id, { presence: 'Break' });
      const { seen } = await stage.until(
        `${REGION} hears of ${name}`,
        () => ask.agentIn(world, region, platform.agentId(id)),
        ({ reason }) => reason === 'BREAK',
      );
      say(name, ask.status(seen));
    }
    return leavers.map(({ id }) => platform.agentId(id));
  });
}

async function failOver(stage: Stage, world: World, master: LocalRedisNode, doubled: DoubledCallers): Promise<void> {
  const region = ask.regionOf(world, REGION);
  await stage.step(`The master that holds ${AGENTS} is killed, and its replica promoted`, async (say) => {
    say('killed', `${master.name}, process ${master.server.pid}`);
    await region.cluster.kill(master);
    await replaced(stage, say, region, AGENTS, master);
  });
  await stage.step('It has no replica: no call gets an agent of it', async (say) => {
    const count = () => {
      const { told } = doubled.ledger;
      return (told['200'] ?? 0) + (told['201'] ?? 0);
    };
    const before = { told: count(), granted: grantsOn(world) };
    await stage.pass(WATCHED_MS);
    say('granted meanwhile', `${grantsOn(world) - before.granted} on agents of ${REGION}`);
    say('answers', each(doubled.ledger.told));
    demand(grantsOn(world) === before.granted, 'a claim was granted that only one node has');
    demand(count() === before.told, 'a caller got an answer that only one node knows of');
  });
}

/** Claims granted until now on agents of the region, to callers of any region. */
function grantsOn(world: World): number {
  return Object.values(ask.grantedByHome(world)).reduce((total, byHome) => total + (byHome[REGION] ?? 0), 0);
}

/** Repeats the requests that were answered with 503. */
function askAgain(stage: Stage, world: World, { toConfirm, toComplete }: Open): Promise<void> {
  return stage.step('Refused requests are sent again', async (say) => {
    const region = ask.regionOf(world, REGION);
    const late = await ask.settle(world, region, toConfirm, 'confirm');
    say(`${toConfirm.call_id} confirms`, ask.outcome(late));
    if (ask.succeeded(late)) await ask.settle(world, region, toConfirm, 'release');
    const { seen } = await stage.until(
      `${toComplete.call_id} is completed`,
      () => ask.settle(world, region, toComplete, 'complete'),
      // The bus may have carried its end before the failover; then its agent may be another call's by now.
      (answer) => ask.succeeded(answer) || ask.isSuperseded(answer),
    );
    say(`${toComplete.call_id} completes`, ask.outcome(seen));
  });
}
