import type { ClaimAnswer } from '../../src/routing/answers.ts';
import type { World } from '../world.ts';
import type { Drill } from './drill.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, someoneIdle } from './stage/calls.ts';
import { demand, type Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
const HELD = 3;
/** A promotion takes a node timeout of 5 s, and some seconds of voting. */
const PROMOTION_LIMIT_MS = 30_000;

export const masterFailover: Drill = {
  name: 'master-failover',
  proves:
    'The Redis master that holds all agents of a region is killed under load: its replica is promoted, claims held ' +
    'before are held after, and all that callers there were told meanwhile is to come again.',
  async run(stage) {
    const world = await stage.open('master-failover');
    const region = ask.regionOf(world, REGION);
    const { cluster } = region;
    const tally = ask.tallyOf(world, REGION);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const held = await holdAgents(stage, world);

    const before = { granted: tally.granted, unavailable: tally.unavailable };
    const killed = await stage.step(`The master that holds ${AGENTS} is killed`, async (say) => {
      const master = await cluster.masterOf(AGENTS);
      const replica = await cluster.replicaOf(master);
      say('killed', `${master.name}, process ${master.server.pid}`);
      say('its replica', replica?.name ?? 'none');
      await cluster.kill(master);
      return master;
    });
    await stage.step('Its replica is promoted', async (say) => {
      const { seen, afterMs } = await stage.until(
        `somebody else owns the slot of ${AGENTS}`,
        () => cluster.masterOf(AGENTS),
        ({ id }) => id !== killed.id,
        PROMOTION_LIMIT_MS,
      );
      say('master now', `${seen.name}, after ${duration(afterMs)}`);
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.step(`What callers of ${REGION} were told meanwhile`, (say) => {
      const { surprises } = world.callers;
      say('granted', tally.granted - before.granted);
      say('come again (503)', tally.unavailable - before.unavailable);
      say('anything else', surprises.length === 0 ? 'nothing' : surprises);
      demand(surprises.length === 0, 'a call got an answer that none should get');
    });
    await findThemHeld(stage, world, held);
    await stage.step('The old master comes back as a replica, and every master has one', async (say) => {
      await cluster.restart(killed);
      const { seen, afterMs } = await stage.until(
        'every shard is up and has a replica',
        () => ask.report(world, region),
        ({ shards }) => shards.every(({ up, replicas }) => up && replicas > 0),
        PROMOTION_LIMIT_MS,
      );
      say(
        'masters',
        seen.shards.map(({ address, replicas }) => `${address} with ${replicas} replica`),
      );
      say('after', duration(afterMs));
    });
    await stage.prove();
  },
};

/** Claims idle agents by name, and confirms: held for a minute, longer than a promotion takes. */
function holdAgents(stage: Stage, world: World): Promise<ClaimAnswer[]> {
  const region = ask.regionOf(world, REGION);
  const connection = ask.connectionOf(world, REGION);
  const claims: ClaimAnswer[] = [];
  const claimSomeoneElse = (call_id: string) => {
    const taken = claims.map(({ agent_id }) => agent_id);
    const agent_id = connection.agentId(someoneIdle(connection, taken).id);
    return ask.claim(world, region, { queue: 'global', call_id, agent_id });
  };
  return stage.step(`${HELD} agents of ${REGION} are claimed and confirmed`, async (say) => {
    for (let number = 1; number <= HELD; number++) {
      const call = `drill-${number}`;
      const { seen } = await stage.until(`a claim for ${call}`, () => claimSomeoneElse(call), ask.succeeded);
      const claim = seen.body as ClaimAnswer;
      demand(claim.replicated === true, `no replica has acknowledged ${claim.claim_id}`);
      demand(ask.succeeded(await ask.settle(world, region, claim, 'confirm')), `${claim.claim_id} was not confirmed`);
      say(call, `${claim.agent.name}, fence ${claim.fence}, on a replica, too`);
      claims.push(claim);
    }
    return claims;
  });
}

function findThemHeld(stage: Stage, world: World, held: ClaimAnswer[]): Promise<void> {
  const region = ask.regionOf(world, REGION);
  return stage.step('The claims that were held are held still, under the same fences', async (say) => {
    for (const { claim_id, call_id, fence } of held) {
      const renew = () => ask.settle(world, region, { claim_id }, 'renew');
      const { seen } = await stage.until(`${call_id} is renewed`, renew, ask.succeeded);
      const claim = seen.body as ClaimAnswer;
      say(call_id, `${claim.agent.name}, ${claim.state}, fence ${claim.fence}`);
      demand(claim.fence === fence && claim.state === 'CONFIRMED', `${call_id} is not what it was: fence ${fence}`);
      demand(ask.succeeded(await ask.settle(world, region, claim, 'release')), `${claim_id} was not released`);
    }
  });
}
