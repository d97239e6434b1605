import fc from 'fast-check';
import {
  type Activity,
  type Claim,
  type EndReason,
  type Facets,
  type InteractionState,
  interactionsFacet,
  type Media,
  type Presence,
} from '../../src/agent/facets.ts';
import { claimOn, VOICE } from '../../src/agent/status.ts';
import type { ClaimRequest, PassOver } from '../../src/store/queues.ts';
import { capacity } from '../agent/arbitrary.ts';
import { type Pool, told } from '../fixtures/pool.ts';

/** Longer than any test. */
const LONG_MS = 3_600_000;
/** Over when the next act begins. */
const SHORT_MS = 1;

/** Agents of a domain: three at home here, two elsewhere. */
const AGENTS = ['a', 'b', 'c', 'away:x', 'away:y'] as const;
const agent = fc.constantFrom(...AGENTS);
const CALLS = ['call-1', 'call-2', 'call: 3'] as const;
const call = fc.constantFrom(...CALLS);
const media = fc.constantFrom<Media>('voice', 'voice', 'chat', 'email');
const unit = fc.constantFrom('voice', 'voice', 'chat-1', 'chat-2', 'email-1', 'social-1');
const claimState = fc.constantFrom<Claim['state']>('HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED');
const endReason = fc.constantFrom<EndReason>('released', 'refused', 'completed', 'superseded');
const skills = fc.constantFrom({}, {}, { billing: 50 }, { billing: 50, 'sign é': 10 });
const PRESENCES: Presence[] = [{ state: 'ON_DUTY' }, { state: 'ON_DUTY' }, { state: 'PAUSED' }, { state: 'OFF_DUTY' }];
const ACTIVITIES: Activity[] = [
  { state: 'IDLE' },
  { state: 'IDLE' },
  { state: 'INTERACTING', reason: 'NON_ACD' },
  { state: 'WRAP_UP' },
  { state: 'NOT_RESPONDING' },
];

/** Whatever can happen in a domain. */
export const act = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('profile'),
      agent,
      capacity,
      skills: fc.constantFrom({}, { billing: 40 }, { billing: 80 }, { billing: 90, 'sign é': 30.4 }),
      isElsewhere: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('presence'), agent, presence: fc.constantFrom(...PRESENCES) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('activity'), agent, activity: fc.constantFrom(...ACTIVITIES) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('interaction'),
      agent,
      call,
      media: fc.constantFrom<Media>('voice', 'chat', 'email', 'social'),
      state: fc.constantFrom<InteractionState>('ALERTING', 'CONNECTED', 'ENDED', 'ENDED'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget'), agent, removes: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('heard'),
      agent,
      unit,
      call,
      state: claimState,
      by: fc.constantFrom(undefined, undefined, 'us', 'eu'),
      isLong: fc.boolean(),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      kind: fc.constant('claim'),
      call,
      media,
      skills,
      isElsewhere: fc.boolean(),
      isLong: fc.constantFrom(true, true, true, false),
      wish: fc.constantFrom('one', 'one', 'two'),
      passOver: fc.constantFrom<'stale' | 'budget' | undefined>(undefined, undefined, 'stale', 'budget'),
      vouched: fc.subarray([...AGENTS]),
      instead: fc.boolean(),
      excluded: fc.oneof(fc.constant([]), fc.subarray([...AGENTS])),
      only: fc.option(agent, { nil: undefined, freq: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('find'), media, skills, limit: fc.constantFrom(1, 2, 10) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('settle'),
      agent,
      unit,
      call,
      state: claimState,
      endReason,
      /** Under the fence on record, a lower one, or one that a failover took. */
      fence: fc.constantFrom(0, 0, 0, 0, -1, 5),
      completed: fc.constantFrom(undefined, undefined, 'now' as const, 9000),
      goesBehind: fc.constantFrom(false, false, true),
      onlyLapsed: fc.constantFrom(false, false, false, true),
      isStale: fc.constantFrom(false, false, false, true),
      supersedes: fc.constantFrom(false, false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('affirm'), agent }) },
) as fc.Arbitrary<Act>;

export type Act =
  | {
      kind: 'profile';
      agent: string;
      capacity: NonNullable<Facets['profile']>['capacity'];
      skills: Record<string, number>;
      isElsewhere: boolean;
    }
  | { kind: 'presence'; agent: string; presence: Presence }
  | { kind: 'activity'; agent: string; activity: Activity }
  | { kind: 'interaction'; agent: string; call: string; media: Media; state: InteractionState }
  | { kind: 'forget'; agent: string; removes: boolean }
  | {
      kind: 'heard';
      agent: string;
      unit: string;
      call: string;
      state: Claim['state'];
      by: string | undefined;
      isLong: boolean;
    }
  | ClaimAct
  | { kind: 'find'; media: Media; skills: Record<string, number>; limit: number }
  | SettleAct
  | { kind: 'affirm'; agent: string };

interface ClaimAct {
  kind: 'claim';
  call: string;
  media: Media;
  skills: Record<string, number>;
  isElsewhere: boolean;
  isLong: boolean;
  wish: string;
  passOver: 'stale' | 'budget' | undefined;
  vouched: string[];
  instead: boolean;
  excluded: string[];
  only: string | undefined;
}

interface SettleAct {
  kind: 'settle';
  agent: string;
  unit: string;
  call: string;
  state: Claim['state'];
  endReason: EndReason;
  fence: number;
  completed: 'now' | number | undefined;
  goesBehind: boolean;
  onlyLapsed: boolean;
  isStale: boolean;
  supersedes: boolean;
}

/** The same acts, done to one store. */
export class Actor {
  readonly d: Pool;
  #at = 5000;

  constructor(d: Pool) {
    this.d = d;
  }

  get agentIds(): string[] {
    return AGENTS.map((name) => this.idOf(name));
  }

  get callIds(): readonly string[] {
    return CALLS;
  }

  idOf(name: string): string {
    return name.startsWith('away:') ? `away-${this.d.name}:${name.slice(5)}` : `${this.d.name}:${name}`;
  }

  /** Everybody is there, one after the other. */
  async begin(): Promise<void> {
    for (const [i, name] of AGENTS.entries()) await this.d.free(this.idOf(name), 1000 + i, { billing: 20 * i });
  }

  /** @returns what the store answered */
  async perform(what: Act): Promise<unknown> {
    const at = this.#at++;
    const version = { at, id: `e-${at}` };
    if (what.kind === 'claim') return this.#claim(what);
    if (what.kind === 'settle') return this.#settle(what);
    if (what.kind === 'find') {
      const found = await this.d.find({ ...what, explain: what.limit === 10 });
      // What a walk met before it had enough is its own matter.
      return found.agents.length < what.limit ? found : { agents: found.agents, clockMs: found.clockMs };
    }
    const agentId = this.idOf(what.agent);
    if (what.kind === 'affirm') {
      const record = await this.d.agents.get(agentId);
      return record && told(await this.d.agents.affirm(agentId, record));
    }
    if (what.kind === 'forget') {
      await this.d.set(agentId, { forgotten: version });
      return what.removes && this.d.agents.removeForgotten(this.d.name, agentId, await this.d.record(agentId));
    }
    const facets = what.kind === 'heard' ? await this.#heard(what) : this.#facets(what, version);
    const { outcome, changed, record } = (await this.d.agents.apply(agentId, facets)).evenIfLost();
    return { outcome, changed, record };
  }

  #facets(
    what: Extract<Act, { kind: 'profile' | 'presence' | 'activity' | 'interaction' }>,
    version: { at: number; id: string },
  ): Facets {
    if (what.kind === 'presence') return { presence: { ...what.presence, ...version } };
    if (what.kind === 'activity') return { activity: { ...what.activity, ...version } };
    if (what.kind === 'interaction') {
      return interactionsFacet({ callId: what.call, state: what.state, media: what.media, ...version });
    }
    const queues = what.isElsewhere ? [this.d.queue, `${this.d.name}:other`] : [this.d.queue];
    const profile = { name: what.agent, queues, skills: what.skills, tenureDays: 800, ...version };
    return { profile: { ...profile, ...(what.capacity && { capacity: what.capacity }) } };
  }

  /** What another region, or the bus, says of a claim. */
  async #heard({
    agent: name,
    unit: of,
    call: callId,
    state,
    by,
    isLong,
  }: Extract<Act, { kind: 'heard' }>): Promise<Facets> {
    const record = await this.d.agents.get(this.idOf(name));
    const fence = (claimOn(record?.facets ?? {}, of)?.fence ?? 0) + 1;
    const untilMs = this.d.store.nowMs() + LONG_MS;
    const remainingMs = isLong ? LONG_MS : SHORT_MS;
    const claim: Claim = {
      fence,
      state,
      untilMs,
      callId,
      queue: this.d.queue,
      completedAtMs: 0,
      remainingMs,
      ...(by && { by }),
    };
    return of === VOICE ? { claim } : { digitalClaims: { [of]: { ...claim, unit: of } } };
  }

  async #claim(what: ClaimAct): Promise<unknown> {
    const ids = (names: string[]) => names.map((name) => this.idOf(name));
    const passOver: PassOver = what.passOver ? new Map([['us', what.passOver]]) : new Map();
    const vouched = ids(what.vouched);
    const request: Partial<ClaimRequest> = {
      ...{ media: what.media, skills: what.skills, wish: what.wish, passOver, vouched },
      ...(what.isElsewhere && { queue: `${this.d.name}:other` }),
      heldMs: what.isLong ? LONG_MS : SHORT_MS,
      holdMs: what.isLong ? LONG_MS : SHORT_MS,
      instead: what.instead ? vouched : [],
      excluded: ids(what.excluded),
      ...(what.only && { agentId: this.idOf(what.only) }),
    };
    const { replicated: _, tally, ...reply } = await this.d.claim(what.call, request);
    return { ...reply, ...(reply.verdict === 'none' && { tally }) };
  }

  async #settle(what: SettleAct): Promise<unknown> {
    const agentId = this.idOf(what.agent);
    const stale = await this.d.agents.get(agentId);
    if (what.isStale) await this.d.set(agentId, { presence: { state: 'ON_DUTY', at: this.#at++, id: 'stale' } });
    const record = what.isStale ? stale : await this.d.agents.get(agentId);
    if (!record) return 'nobody';
    const held = claimOn(record.facets, what.unit);
    const isOver = what.state === 'ENDED' || what.state === 'WRAP_UP';
    const move = {
      state: what.state,
      lockMs: what.state === 'ENDED' ? 0 : LONG_MS,
      ...(isOver && { endReason: what.endReason }),
      ...(isOver && what.completed && { completed: { from: what.completed, restMs: 100 } }),
      ...(isOver && what.goesBehind && { goesBehind: true as const }),
      ...(what.onlyLapsed && { onlyLapsed: true as const }),
    };
    const fence = Math.max(1, (held?.fence ?? 1000) + what.fence);
    const callId = what.fence === 0 && held ? held.callId : what.call;
    const request = { agentId, unit: what.unit, fence, callId, queue: this.d.queue, move };
    const others = what.supersedes ? { supersededBy: { agentId: this.idOf('b'), fence: 7 } } : {};
    return told(await this.d.agents.settle({ ...request, ...others, ...(held?.by && { by: held.by }) }, record, 2000));
  }
}
