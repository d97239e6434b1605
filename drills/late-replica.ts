import type { ClaimAnswer } from '../src/contract/claims.ts';
import type { HttpAnswer } from '../world/tools/http.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, claimSomeone, claimsLapse, lastInLine } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { duration } from './stage/words.ts';

const REGION = 'eu-west-1';
const AGENTS = 'agents:{main}';
/** Number of attempts while the replica is frozen. */
const TIMES = 3;

export const lateReplica: Drill = {
  name: 'late-replica',
  proves:
    'The replica of a shard is frozen for longer than claims wait for it, under `claims.replication: refuse`: retries and ' +
    'renewals are refused for now, which undoes nothing; afterwards the call has its agent, and no other call has.',
  async run(stage) {
    const world = await stage.open('late-replica', {
      config: { claims: { replication: 'refuse' } },
      connection: { authority: 'refuse' },
    });
    const region = ask.regionOf(world, REGION);
    const { cluster } = region;
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const lapses = 'Claims lapse: each lapse shows at once, and no retry gets the claim';
    await claimsLapse(stage, world, region, lapses);
    const held = await stage.step('A call gets an agent and confirms, both on a replica', async (say) => {
      const claim = await claimSomeone(stage, world, region);
      const confirmed = await ask.settle(world, region, claim, 'confirm');
      demand(ask.succeeded(confirmed), `the confirmation was answered with ${ask.outcome(confirmed)}`);
      say(claim.call_id, `${claim.agent.name}, fence ${claim.fence}`);
      return claim;
    });
    const replica = await stage.step('The replica of its shard is frozen', async (say) => {
      const replica = await cluster.replicaOf(await cluster.masterOf(AGENTS));
      if (!replica) throw new Error(`the shard of ${AGENTS} has no replica`);
      await cluster.freeze(replica);
      say('stopped', `${replica.name}, process ${replica.server.pid}`);
      return replica;
    });
    await asksAgain(stage, world, held);
    await settlesAgain(stage, world, held);
    const newcomer = await othersAsk(stage, world, held);
    await stage.step('The replica goes on, and the call gets its agent', async (say) => {
      await cluster.thaw(replica);
      const { seen, afterMs } = await stage.until(
        `${held.call_id} is answered`,
        () => ask.claim(world, region, wishOf(held)),
        ask.succeeded,
      );
      say(held.call_id, `${ask.outcome(seen)} after ${duration(afterMs)}, ${standing(seen.body as ClaimAnswer)}`);
      demand(isSame(seen, held), `the retry was given ${standing(seen.body as ClaimAnswer)}`);
    });
    await stage.step(
      'No other call gets the agent, and the call that came meanwhile gets the agent it asked for',
      async (say) => {
        const other = await ask.claim(world, region, { ...wishOf(held), call_id: 'drill-rival' });
        say('another call for the agent', ask.outcome(other));
        demand(!ask.succeeded(other), 'two calls hold one agent');
        const { seen } = await stage.until(
          'the call that came meanwhile is answered',
          () => ask.claim(world, region, newcomer),
          ask.succeeded,
        );
        say(newcomer.call_id, `${ask.outcome(seen)}, ${standing(seen.body as ClaimAnswer)}`);
        demand(
          ask.succeeded(await ask.settle(world, region, seen.body as ClaimAnswer, 'release')),
          'it cannot give it back',
        );
      },
    );
    await stage.step('The call renews under the same fence, and gives the agent back', async (say) => {
      for (const settlement of ['renew', 'release'] as const) {
        const answer = await ask.settle(world, region, held, settlement);
        say(settlement, ask.outcome(answer));
        demand(ask.succeeded(answer), `${settlement} was answered with ${ask.outcome(answer)}`);
      }
    });
    await callsGetAgents(stage, world, 'Calls get agents in every region again');
    await stage.prove();
  },
};

/** A retry of the same request. */
const wishOf = ({ call_id, agent_id }: ClaimAnswer): ask.Asked => ({ queue: 'global', call_id, agent_id });

const standing = ({ agent, state, fence }: ClaimAnswer): string => `${agent.name}, ${state}, fence ${fence}`;

const isSame = ({ body }: HttpAnswer, held: ClaimAnswer): boolean => {
  const { claim_id, fence, state } = body as ClaimAnswer;
  return claim_id === held.claim_id && fence === held.fence && state === 'CONFIRMED';
};

/** The claim in the master's record. Whatever the answers were, it must not be undone. */
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
      say(`asked ${time}`, ask.outcome(answer));
      const isHonest = ask.succeeded(answer) ? isSame(answer, held) : ask.isUnreplicated(answer);
      demand(isHonest, `the retry was answered with ${ask.outcome(answer)}`);
    }
    say('the master has', await mustStand(world, held));
  });
}

function settlesAgain(stage: Stage, world: World, held: ClaimAnswer): Promise<void> {
  return stage.step('It confirms again and renews: no answer claims what no replica has', async (say) => {
    const region = ask.regionOf(world, REGION);
    for (const settlement of ['confirm', 'renew'] as const) {
      for (let time = 1; time <= TIMES; time++) {
        const answer = await ask.settle(world, region, held, settlement);
        say(`${settlement} ${time}`, ask.outcome(answer));
        demand(ask.isUnreplicated(answer), `${settlement} was answered with ${ask.outcome(answer)}`);
      }
    }
    say('the master has', await mustStand(world, held));
  });
}

/** One call asks for that agent, and one for another. @returns the request of the latter */
function othersAsk(stage: Stage, world: World, held: ClaimAnswer): Promise<ask.Asked> {
  return stage.step('Other calls get no agent', async (say) => {
    const region = ask.regionOf(world, REGION);
    const rival = await ask.claim(world, region, { ...wishOf(held), call_id: 'drill-rival' });
    say('another call for the agent', ask.outcome(rival));
    // An agent homed elsewhere would have a replica there.
    const connection = ask.connectionOf(world, REGION);
    const agent_id = connection.agentId(lastInLine(connection, { noneOf: [held.agent_id] }).id);
    const wish: ask.Asked = { queue: 'global', call_id: 'drill-newcomer', agent_id };
    const newcomer = await ask.claim(world, region, wish);
    say('a new call for another', ask.outcome(newcomer));
    for (const answer of [rival, newcomer]) demand(!ask.succeeded(answer), 'a claim was granted that no replica has');
    say('the master has', await mustStand(world, held));
    return wish;
  });
}
