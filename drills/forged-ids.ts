import type { AgentAnswer } from '../src/contract/agents.ts';
import type { ClaimAnswer } from '../src/contract/claims.ts';
import { systemClock } from '../src/ops/clock.ts';
import type { LocalRegion } from '../world/region/region.ts';
import { mintFor } from '../world/tools/credentials.ts';
import type { HttpAnswer } from '../world/tools/http.ts';
import type { World } from '../world/world.ts';
import * as ask from './stage/ask.ts';
import { callsGetAgents, claimSomeone, lastInLine, leaveSeat } from './stage/calls.ts';
import { demand } from './stage/demand.ts';
import type { Drill } from './stage/drill.ts';
import type { Stage } from './stage/stage.ts';
import { each } from './stage/words.ts';

const REGION = 'eu-west-1';
const ELSEWHERE = 'ap-southeast-1';
const SETTLEMENTS = ['confirm', 'renew', 'complete', 'release'] as const;
/** Limit of a client: more than any part of the world sends to one instance. */
const REQUESTS_PER_SECOND = 100;
/** Interval of requests within the limit, in ms. */
const PAUSE_MS = 15;
/** Requests at once, and the most rounds of them, until the limit answers. */
const FLOOD = 250;
const FLOODS = 20;
/** Acceptable answers to a flood of requests with invented ids. */
const HARMLESS = new Set(['404 unknown_claim', '429 too_many_requests', '503 overloaded']);

export const forgedIds: Drill = {
  name: 'forged-ids',
  proves:
    'A client that may route calls makes up ids of claims, of agents who are held, free and offline: no region knows them, ' +
    'no agent is locked, and holders keep their agents. A flood of them meets the limit of the client.',
  async run(stage) {
    const world = await stage.open('forged-ids', { config: { limits: { requestsPerSecond: REQUESTS_PER_SECOND } } });
    const region = ask.regionOf(world, REGION);
    await callsGetAgents(stage, world, 'Calls arrive and get agents, in every region');
    const cast = await gather(stage, world, region);
    const before = await claimsOn(world, cast);
    const stranger = new Stranger(world, await tokenFor(world));
    await makeUp(stage, world, cast, stranger);
    await stage.step('No lock has appeared anywhere, and none has gone', async (say) => {
      const after = await claimsOn(world, cast);
      for (const [who, claims] of Object.entries(after)) say(who, claims);
      demand(JSON.stringify(after) === JSON.stringify(before), `the claims were ${each(before)}`);
    });
    await stage.step('The holder keeps the agent, and the one who is free can be claimed', async (say) => {
      const renewed = await ask.settle(world, region, cast.held, 'renew');
      say('the holder renews', ask.outcome(renewed));
      demand(ask.succeeded(renewed), 'the holder has lost the agent');
      const asked = { queue: 'global', call_id: 'drill-free', agent_id: cast.free };
      const granted = await ask.claim(world, region, asked);
      say('a call for the free agent', ask.outcome(granted));
      demand(ask.succeeded(granted), 'the free agent cannot be claimed');
      const released = await ask.settle(world, region, granted.body as ClaimAnswer, 'release');
      demand(ask.succeeded(released), 'the claim cannot be given back');
    });
    await flood(stage, world, cast, stranger);
    await callsGetAgents(stage, world, 'Calls get agents in every region as before');
    await stage.prove();
  },
};

interface Cast {
  held: ClaimAnswer;
  /** Ids of agents with the same home. */
  free: string;
  offline: string;
}

function gather(stage: Stage, world: World, region: LocalRegion): Promise<Cast> {
  return stage.step('One agent is held, one is free, one is offline; there are no calls', async (say) => {
    const { agentId: offline, user } = await leaveSeat(stage, world, region, 'Offline');
    await world.callers.stop();
    const held = await claimSomeone(stage, world, region);
    const confirmed = await ask.settle(world, region, held, 'confirm');
    demand(ask.succeeded(confirmed), `the confirmation was answered with ${ask.outcome(confirmed)}`);
    const connection = ask.connectionOf(world, region.name);
    const { id, name } = lastInLine(connection, { noneOf: [held.agent_id] });
    const cast = { held, free: connection.agentId(id), offline };
    await stage.until(
      'every region knows it',
      () => Promise.all(world.regions.map((each) => ask.agentIn(world, each, held.agent_id))),
      (told) => told.every(({ facets }) => facets.claim?.fence === held.fence && facets.claim.state === 'CONFIRMED'),
    );
    say('held', `${held.agent.name}, fence ${held.fence}`);
    say('free', name);
    say('offline', user.name);
    return cast;
  });
}

/** The claims on each of them, in every region. */
async function claimsOn(world: World, { held, free, offline }: Cast): Promise<Record<string, string>> {
  const told = Object.entries({ held: held.agent_id, free, offline }).map(async ([who, agentId]) => {
    const views = Object.values(await ask.agentEverywhere(world, agentId));
    return [who, [...new Set(views.map(claimsIn))].join(' / ')] as const;
  });
  return Object.fromEntries(await Promise.all(told));
}

function claimsIn({ status, facets, digital_claimed_for_ms: digital = {} }: AgentAnswer): string {
  const { claim } = facets;
  const voice =
    claim && claim.state !== 'ENDED' ? `${claim.state} for ${claim.call_id}, fence ${claim.fence}` : 'no call';
  return [status, voice, ...Object.keys(digital)].join(', ');
}

/** Ids that no region has granted, by their defect. */
function forgeries({ held, free, offline }: Cast): Record<string, string> {
  const id = held.claim_id;
  const [, said = ''] = /~([^~]+)$/.exec(id) ?? [];
  const [fence = '', unit = 'voice', mode = 'home', region = REGION, proof = 'A'.repeat(22)] = said.split(':');
  const like = (agentId: string, ...parts: (string | number)[]) => `${agentId}~${parts.join(':')}`;
  const next = Number(fence) + 1;
  const ahead = systemClock.nowMs() + 5_000;
  const last = id.endsWith('A') ? 'B' : 'A';
  return {
    'the next fence': like(held.agent_id, next, unit, mode, region, proof),
    'a fence of 5 s ahead': like(held.agent_id, ahead, unit, mode, region, proof),
    'another agent, free': like(free, fence, unit, mode, region, proof),
    'another agent, offline': like(offline, fence, unit, mode, region, proof),
    'unit chat-1': like(held.agent_id, fence, 'chat-1', mode, region, proof),
    'unit voice-1': like(held.agent_id, fence, 'voice-1', mode, region, proof),
    'another region': like(held.agent_id, fence, unit, mode, ELSEWHERE, proof),
    "on the home's behalf": like(held.agent_id, fence, unit, 'verified', ELSEWHERE, proof),
    'a proof that is cut': id.slice(0, -8),
    'a proof without its end': id.slice(0, -1),
    'a proof changed at its end': `${id.slice(0, -1)}${last}`,
    'no proof': like(held.agent_id, fence, unit, mode, region),
    'agent and fence': like(held.agent_id, next),
    'agent and fence, ahead': like(free, ahead),
    'agent and fence, offline': like(offline, systemClock.nowMs()),
    'agent, fence and chat-1': like(free, ahead, 'chat-1'),
    'agent, fence and voice-1': like(offline, ahead, 'voice-1'),
    'agent, fence and region': `${like(offline, ahead)}.${ELSEWHERE}`,
  };
}

function makeUp(stage: Stage, world: World, cast: Cast, stranger: Stranger): Promise<void> {
  return stage.step('Ids that are made up: no region knows them', async (say) => {
    const known: string[] = [];
    for (const [what, id] of Object.entries(forgeries(cast))) {
      demand(id !== cast.held.claim_id, `the id with ${what} is the one that was granted`);
      const told: Record<string, number> = {};
      for (const region of world.regions) {
        for (const settlement of SETTLEMENTS) {
          const answer = ask.outcome(await stranger.settles(region, id, settlement));
          told[answer] = (told[answer] ?? 0) + 1;
          await stage.pass(PAUSE_MS);
          if (answer !== '404 unknown_claim') known.push(`${what}: ${settlement} in ${region.name} got ${answer}`);
        }
      }
      say(what, each(told));
    }
    demand(known.length === 0, `${known.length} were not unknown, e.g. ${known.slice(0, 3).join('; ')}`);
  });
}

function flood(stage: Stage, world: World, cast: Cast, stranger: Stranger): Promise<void> {
  return stage.step(`A flood of them meets the limit of ${REQUESTS_PER_SECOND} a second`, async (say) => {
    const region = ask.regionOf(world, REGION);
    const told: Record<string, number> = {};
    for (let round = 0; round < FLOODS && told['429 too_many_requests'] === undefined; round++) {
      const ids = Object.values(forgeries(cast));
      const answers = Array.from({ length: FLOOD }, (_, at) =>
        stranger.settles(region, ids[at % ids.length] ?? '', 'confirm'),
      );
      const renewed = await ask.settle(world, region, cast.held, 'renew');
      for (const answer of await Promise.all(answers)) told[ask.outcome(answer)] = (told[ask.outcome(answer)] ?? 0) + 1;
      demand(ask.succeeded(renewed), `meanwhile the holder renewed and got ${ask.outcome(renewed)}`);
    }
    say('answers', each(told));
    const others = Object.keys(told).filter((answer) => !HARMLESS.has(answer));
    demand(others.length === 0, `some got ${others.join(', ')}`);
    demand(told['429 too_many_requests'] !== undefined, 'the limit was not met');
    demand(
      ask.succeeded(await ask.settle(world, region, cast.held, 'release')),
      'the holder cannot give the agent back',
    );
  });
}

/** A client that may route calls and knows the ids of agents. */
class Stranger {
  readonly #world: World;
  readonly #token: string;

  constructor(world: World, token: string) {
    this.#world = world;
    this.#token = token;
  }

  settles({ url }: LocalRegion, claimId: string, settlement: (typeof SETTLEMENTS)[number]): Promise<HttpAnswer> {
    const path = `/v1/claims/${encodeURIComponent(claimId)}/${settlement}`;
    return this.#world.http.post(`${url}${path}`, {}, { authorization: `Bearer ${this.#token}` });
  }
}

async function tokenFor({ dir }: World): Promise<string> {
  const token = await mintFor(dir, ['route:agent'], systemClock);
  if (token === undefined) throw new Error('this world needs no tokens');
  return token;
}
