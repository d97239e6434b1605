import type { ClaimAnswer } from '../src/contract/claims.ts';
import type { HttpAnswer } from '../world/tools/http.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, claimSomeone, lapseIsTold, lastInLine } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
/** How often everything is asked while the replica stands still. */
const TIMES = 3;

export const lateReplica: Drill = {
  name: 'late-replica',
  proves:
    'The replica of a shard stands still for longer than it is waited for, under `claims.replication: refuse`: whoever ' +
    'asks again or renews is told to come again, which undoes nothing; after it the call has its agent, and nobody else.',
  async run(stage) {
    const world = await stage.open('late-replica', {
      config: { claims: { replication: 'refuse' } },
      connection: { authority: 'refuse' },
    });
    const region = ask.regionOf(world, REGION);
    const { cluster } = region;
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const lapses = 'Claims lapse: each is told so at once, and nobody who asks again is given it';
    await lapseIsTold(stage, world, region, lapses);
    const held = await stage.step('A call gets an agent and confirms, both on a replica', async (say) => {
      const claim = await claimSomeone(stage, world, region);
      const confirmed = await ask.settle(world, region, claim, 'confirm');
      demand(ask.succeeded(confirmed), `the confirmation was answered with ${ask.told(confirmed)}`);
      say(claim.call_id, `${claim.agent.name}, fence ${claim.fence}`);
      return claim;
    });
    const replica = await stage.step('The replica of its shard stands still', async (say) => {
      const replica = await cluster.replicaOf(await cluster.masterOf(AGENTS));
      if (!replica) throw new Error(`the shard of ${AGENTS} has no replica`);
      await cluster.freeze(replica);
      say('stopped', `${replica.name}, process ${replica.server.pid}`);
      return replica;
    });
    await asksAgain(stage, world, held);
    await settlesAgain(stage, world, held);
    const newcomer = await othersAsk(stage, world, held);
    await stage.step('The replica goes on, and the call is told that it has its agent', async (say) => {
      await cluster.thaw(replica);
      const { seen, afterMs } = await stage.until(
        `${held.call_id} is answered`,
        () => ask.claim(world, region, wishOf(held)),
        ask.succeeded,
      );
      say(held.call_id, `${ask.told(seen)} after ${duration(afterMs)}, ${standing(seen.body as ClaimAnswer)}`);
      demand(isSame(seen, held), `the retry was given ${standing(seen.body as ClaimAnswer)}`);
    });
    await stage.step('Nobody else gets the agent, and whoever came meanwhile gets whom they asked for', async (say) => {
      const other = await ask.claim(world, region, { ...wishOf(held), call_id: 'drill-rival' });
      say('another call for the agent', ask.told(other));
      demand(!ask.succeeded(other), 'two calls hold one agent');
      const { seen } = await stage.until(
        'the call that came meanwhile is answered',
        () => ask.claim(world, region, newcomer),
        ask.succeeded,
      );
      say(newcomer.call_id, `${ask.told(seen)}, ${standing(seen.body as ClaimAnswer)}`);
      demand(
        ask.succeeded(await ask.settle(world, region, seen.body as ClaimAnswer, 'release')),
        'it cannot give it back',
      );
    });
    await stage.step('The call renews under the same fence, and gives the agent back', async (say) => {
      for (const settlement of ['renew', 'release'] as const) {
        const answer = await ask.settle(world, region, held, settlement);
        say(settlement, ask.told(answer));
        demand(ask.succeeded(answer), `${settlement} was answered with ${ask.told(answer)}`);
      }
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.prove();
  },
};

/** The same wish again, from the same call. */
const wishOf = ({ call_id, agent_id }: ClaimAnswer): ask.Asked => ({ queue: 'global', call_id, agent_id });

const standing = ({ agent, state, fence }: ClaimAnswer): string => `${agent.name}, ${state}, fence ${fence}`;

const isSame = ({ body }: HttpAnswer, held: ClaimAnswer): boolean => {
  const { claim_id, fence, state } = body as ClaimAnswer;
  return claim_id === held.claim_id && fence === held.fence && state === 'CONFIRMED';
};

/** What the master has on record of the claim: whatever was answered, nothing may be undone. */
async function mustStand(world: World, held: ClaimAnswer): Promise<string> {
  const { facets } = await ask.agentIn(world, ask.regionOf(world, REGION), held.agent_id);
  const { state, fence, call_id } = (facets.claim ?? {}) as { state?: string; fence?: number; call_id?: string };
  const told = `${state} for ${call_id}, fence ${fence}`;
  demand(state === 'CONFIRMED' && fence === held.fence, `the confirmed claim was undone: the agent is ${told}`);
  return told;
}

function asksAgain(stage: Stage, world: World, held: ClaimAnswer): Promise<void> {
  return stage.step('The call asks again: that undoes nothing', async (say) => {
    const region = ask.regionOf(world, REGION);
    for (let time = 1; time <= TIMES; time++) {
      const answer = await ask.claim(world, region, wishOf(held));
      say(`asked ${time}`, ask.told(answer));
      const isHonest = ask.succeeded(answer) ? isSame(answer, held) : ask.isUnreplicated(answer);
      demand(isHonest, `the retry was answered with ${ask.told(answer)}`);
    }
    say('the master has', await mustStand(world, held));
  });
}

function settlesAgain(stage: Stage, world: World, held: ClaimAnswer): Promise<void> {
  return stage.step('It confirms again and renews: nobody is told what no replica has', async (say) => {
    const region = ask.regionOf(world, REGION);
    for (const settlement of ['confirm', 'renew'] as const) {
      for (let time = 1; time <= TIMES; time++) {
        const answer = await ask.settle(world, region, held, settlement);
        say(`${settlement} ${time}`, ask.told(answer));
        demand(ask.isUnreplicated(answer), `${settlement} was answered with ${ask.told(answer)}`);
      }
    }
    say('the master has', await mustStand(world, held));
  });
}

/** Somebody wants that agent, and somebody another. @returns what the latter asked for */
function othersAsk(stage: Stage, world: World, held: ClaimAnswer): Promise<ask.Asked> {
  return stage.step('Others are granted nobody', async (say) => {
    const region = ask.regionOf(world, REGION);
    const rival = await ask.claim(world, region, { ...wishOf(held), call_id: 'drill-rival' });
    say('another call for the agent', ask.told(rival));
    // Of an agent who is homed elsewhere that home would have a replica.
    const connection = ask.connectionOf(world, REGION);
    const agent_id = connection.agentId(lastInLine(connection, { noneOf: [held.agent_id] }).id);
    const wish: ask.Asked = { queue: 'global', call_id: 'drill-newcomer', agent_id };
    const newcomer = await ask.claim(world, region, wish);
    say('a new call for another', ask.told(newcomer));
    for (const answer of [rival, newcomer]) demand(!ask.succeeded(answer), 'a claim was granted that no replica has');
    say('the master has', await mustStand(world, held));
    return wish;
  });
}
