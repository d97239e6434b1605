import type { UserState } from '@muster/simulators/genesys/ground-truth';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import type { GenesysConnection } from '../../world/platforms/genesys-connection.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import type { World } from '../../world/world.ts';
import * as ask from './ask.ts';
import { demand } from './demand.ts';
import type { Stage } from './stage.ts';
import { duration, each } from './words.ts';

const ENOUGH = 5;
/** Limit for a wait in which a caller may get the agent first, and talk. */
const OTHERS_CALL_MS = 15_000;

/** A step: waits until a number of calls of each of these regions (default: all) have got an agent. */
export async function callsGetAgents(
  stage: Stage,
  world: World,
  name: string,
  regions: readonly LocalRegion[] = world.regions,
): Promise<void> {
  await stage.step(name, async (say) => {
    world.callers.start();
    const before = ask.granted(world);
    const { seen, afterMs } = await stage.until(
      `${ENOUGH} claims granted for callers of each of ${regions.map((region) => region.name).join(', ')}`,
      () => ask.gained(ask.granted(world), before),
      (gain) => regions.every((region) => (gain[region.name] ?? 0) >= ENOUGH),
    );
    say('claims granted', each(seen));
    say('within', duration(afterMs));
  });
}

/** A selection of the agents who wait for a call. */
interface Choice {
  /** Agents to leave out. */
  noneOf?: readonly string[];
  /** Only agents who have waited since before this wall time, in ms: a region that stopped reading the bus then knows them. */
  waitingSinceMs?: number;
}

/**
 * The agent who has waited for the shortest time: the last in the queue, whom callers get last.
 * @throws Unmet if no agent waits
 */
export function lastInLine(connection: GenesysConnection, { noneOf = [], waitingSinceMs }: Choice = {}): UserState {
  const last = lineOf(connection).findLast(
    (user) =>
      !noneOf.includes(connection.agentId(user.id)) && sinceMs(user) <= (waitingSinceMs ?? Number.POSITIVE_INFINITY),
  );
  demand(last !== undefined, `no agent waits for a call at ${connection.name}`);
  return last;
}

/** All agents of an organisation who wait for a call, longest wait first. */
export function lineOf({ organisation, simulator }: GenesysConnection): UserState[] {
  const waiting = organisation.userIds.map((id) => simulator.user(id)).filter(({ available }) => available);
  return waiting.sort((one, other) => sinceMs(one) - sinceMs(other));
}

const sinceMs = ({ routingStatusSince }: UserState): number => Date.parse(routingStatusSince);

let claims = 0;

/** Claims an agent of the region who waits for a call. */
export async function claimSomeone(
  stage: Stage,
  world: World,
  region: LocalRegion,
  choice: Choice = {},
): Promise<ClaimAnswer> {
  const connection = ask.connectionOf(world, region.name);
  const claim = () => {
    const agent_id = connection.agentId(lastInLine(connection, choice).id);
    return ask.claim(world, region, { queue: 'global', call_id: `drill-${++claims}`, agent_id });
  };
  const { seen } = await stage.until(`${region.name} grants one of its agents`, claim, ask.succeeded);
  return seen.body as ClaimAnswer;
}

/** Limits for checks of a lapse, which may be recorded just before the next check. */
const LOOK_MS = 20;
const SHOWN_WITHIN_MS = 1_000;
const LAPSES = 4;

/** A step: claims lapse. Each lapse shows within a second, with its reason, and no retry gets the claim as if it were alive. */
export async function claimsLapse(stage: Stage, world: World, region: LocalRegion, name: string): Promise<void> {
  await stage.step(name, async (say) => {
    for (let time = 1; time <= LAPSES; time++) {
      const claim = await claimSomeone(stage, world, region);
      const { call_id, agent_id, fence, expires_in_ms } = claim;
      const endsMs = stage.elapsedMs + expires_in_ms;
      const isAsking = time % 2 === 0;
      for (let isOver = false; !isOver; await stage.pass(LOOK_MS)) {
        const answer = isAsking
          ? await ask.claim(world, region, { queue: 'global', call_id, agent_id })
          : await ask.claimAt(world, region, claim);
        const now = answer.body as Partial<ClaimAnswer>;
        const isSame = ask.succeeded(answer) && now.fence === fence && now.state === 'HELD';
        isOver = !isSame;
        if (isAsking) demand(!isSame || (now.expires_in_ms ?? 0) > 0, `${call_id} got a claim that has lapsed`);
        // If the agent was granted again at once, the record only shows that the claim is over.
        else if (isOver && now.call_id === call_id)
          demand(now.end_reason === 'lapsed', `the claim ended as ${now.end_reason}`);
        demand(stage.elapsedMs < endsMs + SHOWN_WITHIN_MS + OTHERS_CALL_MS, 'the claim does not lapse');
        if (isOver && isAsking && ask.succeeded(answer)) await ask.settle(world, region, now as ClaimAnswer, 'release');
      }
      say(
        `${call_id} ${isAsking ? 'asks again' : 'is looked at'}`,
        `over ${duration(stage.elapsedMs - endsMs)} after its end`,
      );
    }
  });
}

/** A step: a holder sleeps until the claim has lapsed and the agent has been given to another call, then confirms. */
export async function sleeperIsRefused(stage: Stage, world: World, region: LocalRegion): Promise<void> {
  await stage.step(`A holder in ${region.name} sleeps until its claim has lapsed, and is refused`, async (say) => {
    const slept = await claimSomeone(stage, world, region);
    const { agent_id } = slept;
    const asked = { queue: 'global', call_id: `drill-${++claims}`, agent_id };
    const { seen } = await stage.until(
      `${slept.agent.name} is free again, and given to ${asked.call_id}`,
      () => ask.claim(world, region, asked),
      ask.succeeded,
      stage.pace.heldMs + OTHERS_CALL_MS,
    );
    const next = seen.body as ClaimAnswer;
    say(slept.call_id, `${slept.agent.name}, fence ${slept.fence}`);
    say(next.call_id, `the same agent, fence ${next.fence}`);
    const late = await ask.settle(world, region, slept, 'confirm');
    say(`${slept.call_id} confirms`, ask.outcome(late));
    demand(!ask.succeeded(late), 'two calls hold one agent');
    demand(ask.succeeded(await ask.settle(world, region, next, 'release')), `${next.call_id} has lost the agent`);
  });
}

/**
 * An agent who waits for a call leaves without taking one. A call sent at the same moment would find them gone, however it
 * was routed; so the drill holds the agent until their home knows.
 */
export async function leaveSeat(
  stage: Stage,
  world: World,
  home: LocalRegion,
  presence: 'Break' | 'Offline',
  choice: Choice = {},
): Promise<{ agentId: string; user: UserState }> {
  const { simulator, name } = ask.connectionOf(world, home.name);
  const claim = await claimSomeone(stage, world, home, choice);
  const user = simulator.setUser(claim.agent_id.slice(name.length + 1), { presence });
  await stage.until(
    `${home.name} hears of it`,
    () => ask.agentIn(world, home, claim.agent_id),
    ({ facets }) => facets.presence?.state !== 'ON_DUTY',
  );
  await stage.until(`${claim.claim_id} is released`, () => ask.settle(world, home, claim, 'release'), ask.succeeded);
  return { agentId: claim.agent_id, user };
}

/** Agents of a region who are claimed and confirmed, without calls, so that the drill can check what becomes of the claims. */
export class Held {
  readonly claims: ClaimAnswer[] = [];
  readonly #stage: Stage;
  readonly #world: World;
  readonly #region: LocalRegion;

  constructor(stage: Stage, world: World, region: LocalRegion) {
    this.#stage = stage;
    this.#world = world;
    this.#region = region;
  }

  /** A step: claims a number of agents. They are held for a minute. */
  async take(count: number): Promise<void> {
    await this.#stage.step(`${count} agents of ${this.#region.name} are claimed and confirmed`, async (say) => {
      while (this.claims.length < count) {
        const noneOf = this.claims.map(({ agent_id }) => agent_id);
        const claim = await claimSomeone(this.#stage, this.#world, this.#region, { noneOf });
        demand(claim.replicated === true, `no replica has acknowledged ${claim.claim_id}`);
        await this.#settle(claim, 'confirm');
        say(claim.call_id, `${claim.agent.name}, fence ${claim.fence}, on a replica, too`);
        this.claims.push(claim);
      }
    });
  }

  /** Holds them for another minute. @throws Unmet if a claim has changed */
  async renew(): Promise<ClaimAnswer[]> {
    const renewed: ClaimAnswer[] = [];
    for (const claim of this.claims) renewed.push(await this.#settle(claim, 'renew'));
    return renewed;
  }

  /** A step: finds them held under the same fences, and releases them. */
  async findAndRelease(): Promise<void> {
    await this.#stage.step('The held claims are still held, under the same fences', async (say) => {
      for (const claim of await this.renew()) {
        say(claim.call_id, `${claim.agent.name}, ${claim.state}, fence ${claim.fence}`);
        await this.#settle(claim, 'release');
      }
    });
  }

  async #settle(held: ClaimAnswer, settlement: Parameters<typeof ask.settle>[3]): Promise<ClaimAnswer> {
    const { seen } = await this.#stage.until(
      `${settlement} of ${held.call_id}`,
      () => ask.settle(this.#world, this.#region, held, settlement),
      ask.succeeded,
    );
    const claim = seen.body as ClaimAnswer;
    const isSame = claim.fence === held.fence && (settlement === 'release' || claim.state === 'CONFIRMED');
    demand(isSame, `${held.call_id} is ${claim.state} under fence ${claim.fence}; it was held under ${held.fence}`);
    return claim;
  }
}
