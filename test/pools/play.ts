import { claimFacet, type Facets, interactionsFacet } from '../../src/agent/facets.ts';
import { claimOn, lockOf, VOICE } from '../../src/agent/status.ts';
import type { ClaimReply, ClaimRequest, Found } from '../../src/store/queues.ts';
import type { Pool } from '../fixtures/pool.ts';
import { told } from '../fixtures/pool.ts';
import { LONG_MS, movesOf } from './endings.ts';
import { candidatesOf, demandBest, demandNobody, type Span } from './judge.ts';
import { Ledger, Wrong } from './ledger.ts';
import { isLapsed, type Rules } from './oracle.ts';
import { crowdIds, facetsOf, personIds } from './people.ts';
import type { Bounds, Plan, PoolAct, Request } from './plan.ts';

/** Times of a play, in ms. Whatever is short is over after `pass`. */
export interface Times {
  shortMs: number;
  /** Lets the store's clock go on. */
  pass(ms: number): Promise<void>;
  /** A pause after each act and claim, where the order of two moments matters. */
  pauseMs?: number;
}

const DEADLINE_MS = 20_000;
/** Agents of a pool that are reported at once. */
const AT_ONCE = 64;
/** Longer than anything short. */
const SOON_MS = 60_000;
/** Claims that lapse before the first act. */
const LAPSING: Request = {
  ...{ queue: 'q', media: 'voice', skills: {}, vouched: [], instead: false, excluded: [], isShort: true },
};
/** An answer that is neither an agent nor "nobody" is unfinished, and the request is made again; at most so often. */
const MOST_TRIPS = 50;
const VERDICTS = new Set<string>(['granted', 'again', 'other', 'copy', 'copy_other', 'ask', 'none']);

/** What was judged. */
export const NOTHING_SEEN = { granted: 0, asked: 0, none: 0, again: 0, found: 0, leftOut: 0 };
export type Seen = typeof NOTHING_SEEN;

interface Call {
  callId: string;
  request: number;
  /** The agent that the call was given or offered, and the claim's fence; 0 while its home is asked. */
  entry?: { agentId: string; unit: string; fence: number };
  declined: Set<string>;
}

interface Grant {
  agentId: string;
  unit: string;
  fence: number;
  call: Call;
  queue: string;
  by?: string;
}

/** Plays a plan against a store, and judges each answer. */
export class Play {
  /** The answers, as far as they depend on the plan alone. */
  readonly answers: unknown[] = [];
  readonly #plan: Plan;
  readonly #pool: Pool;
  readonly #times: Times;
  readonly #bounds: Bounds;
  readonly #seen: Seen;
  readonly #ledger: Ledger;
  readonly #ids: string[];
  readonly #calls: Call[] = [];
  readonly #grants: Grant[] = [];
  #at = 1_000_000;

  /** @param bounds claims and lookups with more lapsed agents are left out */
  constructor(plan: Plan, pool: Pool, times: Times, seen: Seen, bounds: Bounds) {
    this.#plan = plan;
    this.#pool = pool;
    this.#times = times;
    this.#seen = seen;
    this.#bounds = bounds;
    this.#ledger = new Ledger(pool);
    this.#ids = [...personIds(plan, pool.name), ...crowdIds(plan, pool.name)];
  }

  /** @throws Wrong if the store broke a promise */
  async run(): Promise<void> {
    await this.#begin();
    for (const [i, act] of this.#plan.acts.entries()) {
      try {
        await this.#perform(act);
      } catch (error) {
        if (error instanceof Wrong) error.message = `act ${i} (${JSON.stringify(act)}): ${error.message}`;
        throw error;
      }
      await this.#pause();
    }
    await this.#ledger.compareAll();
  }

  async #begin(): Promise<void> {
    const { people, crowd } = this.#plan;
    const facets = facetsOf(this.#plan, this.#pool.name);
    for (let from = 0; from < this.#ids.length; from += AT_ONCE) {
      const some = this.#ids.slice(from, from + AT_ONCE);
      await Promise.all(some.map((agentId, i) => this.#ledger.report(agentId, facets[from + i] as Facets)));
    }
    const last = people.flatMap(({ state }, i) => (state === 'lapsed' ? [i] : []));
    const first = Array.from({ length: Math.min(crowd.lapsed, crowd.count) }, (_, i) => people.length + i);
    for (const group of [first, last]) {
      await Promise.all(group.map((only) => this.#claim(this.#newCall(-1), { ...LAPSING, only })));
      // Those after them lapse after them.
      await this.#times.pass(1);
    }
    if (first.length + last.length > 0) await this.#times.pass(this.#times.shortMs);
  }

  async #perform(act: PoolAct): Promise<void> {
    switch (act.kind) {
      case 'claim':
        return this.#series(act.request, act.most);
      case 'retry':
        return this.#retry(act);
      case 'find':
        return this.#find(this.#request(act.request), act.limit);
      case 'settle':
        return this.#settle(act);
      case 'pass':
        return this.#times.pass(this.#times.shortMs + 1);
      case 'lapses':
        return this.#endLapsed();
      case 'align':
        await this.#pool.store.align(this.#pool.name, async () => undefined);
        return;
      case 'forget': {
        const agentId = this.#id(act.who);
        await this.#ledger.report(agentId, { forgotten: this.#version() });
        const record = act.removes && (await this.#pool.agents.get(agentId));
        if (!record) return;
        if (await this.#pool.agents.removeForgotten(this.#pool.name, agentId, record)) this.#ledger.removed(agentId);
        return;
      }
      default: {
        const agentId = this.#id(act.who);
        return this.#ledger.report(agentId, this.#change(agentId, act));
      }
    }
  }

  #change(
    agentId: string,
    act: Extract<PoolAct, { kind: 'profile' | 'presence' | 'activity' | 'interaction' | 'heard' }>,
  ): Facets {
    const version = this.#version();
    if (act.kind === 'profile') {
      const { skills, capacity } = act;
      const queues = act.queues.map((name) => `${this.#pool.name}:${name}`);
      return { profile: { name: agentId, queues, skills, tenureDays: 0, ...(capacity && { capacity }), ...version } };
    }
    if (act.kind === 'presence') {
      return { presence: { state: act.state, ...(act.isPlain && { isPlain: true as const }), ...version } };
    }
    if (act.kind === 'activity') return { activity: { state: act.state, ...version } };
    if (act.kind === 'interaction') {
      const its = this.#grants.findLast((grant) => grant.agentId === agentId)?.call.callId;
      const callId = (act.isClaimed && its) || 'reported';
      const connectedAt = act.state === 'ALERTING' ? {} : { connectedAt: version.at - 500 };
      return interactionsFacet({ callId, media: act.media, state: act.state, ...connectedAt, ...version });
    }
    const known = this.#ledger.agents.get(agentId);
    return claimFacet({
      ...(act.unit !== VOICE && { unit: act.unit }),
      // Fences begin with the time, also those of an agent who was removed and is reported again.
      fence: (claimOn(known?.facets ?? {}, act.unit)?.fence ?? Math.round(this.#pool.store.nowMs())) + 1,
      ...{ state: act.state, callId: `heard-${version.at}`, queue: this.#pool.queue, completedAtMs: 0 },
      untilMs: this.#pool.store.nowMs() + LONG_MS,
      remainingMs: act.isShort ? this.#times.shortMs : LONG_MS,
      // The home's own claims on agents who are homed elsewhere, and delegated grants on those who are homed here.
      ...(!this.#isAway(agentId) && { by: 'us' }),
    });
  }

  /** Claims under new call ids until there is nobody. */
  async #series(request: number, most: number): Promise<void> {
    for (let i = 0; i < most; i++) {
      const reply = await this.#claim(this.#newCall(request), this.#request(request));
      if (!reply || reply.verdict === 'none') return;
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    if (this.#times.pauseMs) await this.#times.pass(this.#times.pauseMs);
  }

  async #retry({ call: index, excludes }: Extract<PoolAct, { kind: 'retry' }>): Promise<void> {
    const calls = this.#calls.filter(({ request, entry }) => request >= 0 && entry);
    const call = calls[index % Math.max(1, calls.length)];
    if (!call) return;
    await this.#claim(call, this.#request(call.request), excludes ? call.entry?.agentId : undefined);
  }

  /** @returns the answer; undefined if the claim was left out */
  async #claim(call: Call, wanted: Request, excluded?: string): Promise<ClaimReply | undefined> {
    if (this.#isBeyondBounds()) return undefined;
    const request = this.#written(call.callId, wanted, excluded);
    const { reply, span } = await this.#decided(() => this.#pool.claim(call.callId, request));
    this.answers.push({ call: this.#calls.indexOf(call), ...this.#comparable(reply) });
    const must = this.#standing(call, request, reply, span);
    if (must) {
      const { verdict, agentId, fence } = must;
      if (reply.verdict !== verdict || reply.agentId !== agentId || reply.fence !== fence) {
        throw new Wrong(`${reply.verdict} ${reply.agentId} ${reply.fence}, not ${verdict} ${agentId} ${fence}`);
      }
      this.#seen.again++;
      return reply;
    }
    const { agents } = this.#ledger;
    const candidates = candidatesOf({ agents, wish: request, declined: call.declined, rules: this.#rules, span });
    this.#judge(call, request, reply, candidates);
    return reply;
  }

  #judge(call: Call, request: ClaimRequest, reply: ClaimReply, candidates: ReturnType<typeof candidatesOf>): void {
    const { verdict, agentId, fence } = reply;
    if (verdict === 'none') {
      demandNobody(candidates);
      this.#seen.none++;
      return;
    }
    demandBest([agentId], candidates);
    const isHere = !this.#isAway(agentId) || request.instead.includes(agentId);
    if (verdict !== (isHere ? 'granted' : 'ask')) throw new Wrong(`${verdict} for ${agentId}`);
    if (verdict === 'ask') {
      this.#ledger.reserved(reply, request);
      call.entry = { agentId, unit: VOICE, fence: 0 };
      this.#seen.asked++;
      return;
    }
    const unit = this.#ledger.granted(reply, request);
    call.entry = { agentId, unit, fence };
    const by = this.#isAway(agentId) && { by: 'eu' };
    this.#grants.push({ agentId, unit, fence, call, queue: request.queue, ...by });
    this.#seen.granted++;
  }

  /** The answer to a call that has a claim, or whose agent's home was asked; undefined if it is a new one. */
  #standing({ callId, entry }: Call, { excluded }: ClaimRequest, { verdict }: ClaimReply, { fromMs, toMs }: Span) {
    const known = entry && this.#ledger.agents.get(entry.agentId);
    if (!entry || !known) return undefined;
    const { agentId, unit, fence } = entry;
    if (fence === 0) {
      const isAsked = known.home !== 'eu' && !excluded.includes(agentId);
      return isAsked ? ({ verdict: 'ask', agentId, fence } as const) : undefined;
    }
    const claim = claimOn(known.facets, unit);
    const isIts = claim?.fence === fence && claim.callId === callId;
    const untilMs = lockOf(known, unit);
    const holds = untilMs > toMs || (untilMs > fromMs && verdict === 'again');
    const isRunning = isIts && (claim.state === 'HELD' || claim.state === 'CONFIRMED');
    return isRunning && holds ? ({ verdict: 'again', agentId, fence } as const) : undefined;
  }

  async #find(wanted: Request, limit: number): Promise<void> {
    if (this.#isBeyondBounds()) return;
    const wish = { ...this.#written('', wanted), excluded: [], agentId: undefined };
    const { queue, media, skills, passOver, vouched } = wish;
    const request = { queue, media, skills, passOver, vouched, limit };
    const { reply, span } = await this.#decided(() => this.#pool.find(request));
    const given = reply.agents.map(({ agentId }) => agentId);
    this.answers.push({ found: given.map((agentId) => localName(agentId)) });
    const { agents } = this.#ledger;
    const candidates = candidatesOf({ agents, wish, declined: new Set(), rules: this.#rules, span });
    demandBest(given, candidates);
    if (given.length < limit) demandNobody(candidates.filter(({ agentId }) => !given.includes(agentId)));
    this.#seen.found += given.length;
  }

  /** Asks until the store has decided. This alone knows which answers are no decisions. */
  async #decided<T extends ClaimReply | Found>(ask: () => Promise<T>): Promise<{ reply: T; span: Span }> {
    const { store } = this.#pool;
    const before = store.nowMs();
    for (let trip = 0; trip < MOST_TRIPS; trip++) {
      const reply = await ask();
      const isDecided = !reply.isIncomplete && (!('verdict' in reply) || VERDICTS.has(reply.verdict));
      const span = { fromMs: reply.clockMs - (store.nowMs() - before), toMs: reply.clockMs };
      if (isDecided) return { reply, span };
    }
    throw new Wrong(`no decision after ${MOST_TRIPS} trips`);
  }

  async #settle({ grant: index, how }: Extract<PoolAct, { kind: 'settle' }>): Promise<void> {
    const grant = this.#grants[index % Math.max(1, this.#grants.length)];
    const known = grant && this.#ledger.agents.get(grant.agentId);
    if (!known) return;
    const { agentId, unit, fence, call, queue, by } = grant;
    const claim = claimOn(known.facets, unit);
    if (!claim || claim.fence < fence) return;
    const move = movesOf(this.#times.shortMs)[how];
    const record = await this.#pool.record(agentId);
    const request = { agentId, unit, fence, callId: call.callId, queue, move, ...(by && { by }) };
    const settled = told(await this.#pool.agents.settle(request, record, DEADLINE_MS));
    const must = claim.fence > fence ? 'fenced' : 'settled';
    if (settled.kind !== must) throw new Wrong(`the settlement was ${settled.kind}, not ${must}`);
    if (settled.kind !== 'settled') return;
    const { state, endReason } = move;
    this.#ledger.settled(agentId, unit, settled.record, { fence, callId: call.callId, state, endReason }, move.lockMs);
    const isCurrent = call.entry?.agentId === agentId && call.entry.fence === fence;
    if (isCurrent && endReason === 'refused') call.declined.add(agentId);
  }

  async #endLapsed(): Promise<void> {
    for (const { agentId, unit, record } of await this.#pool.store.calls.lapsed(this.#pool.name, 100)) {
      const claim = claimOn(record.facets, unit);
      const known = this.#ledger.agents.get(agentId);
      if (!claim || !known) throw new Wrong(`${agentId} was listed as lapsed`);
      const { fence, callId, queue, by } = claim;
      const move = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true } as const;
      const request = { agentId, unit, fence, callId, queue, move, ...(by && { by }) };
      const settled = told(await this.#pool.agents.settle(request, await this.#pool.record(agentId), DEADLINE_MS));
      if (settled.kind !== 'settled') throw new Wrong(`the lapse of ${agentId} on ${unit} was ${settled.kind}`);
      this.#ledger.settled(agentId, unit, settled.record, { fence, callId, state: 'ENDED', endReason: 'lapsed' }, 0);
    }
  }

  get #rules(): Rules {
    return { ranking: this.#pool.config.ranking, countsWrapUps: this.#bounds.countsWrapUps };
  }

  #isBeyondBounds(): boolean {
    const soonMs = this.#pool.store.nowMs() + SOON_MS;
    const lapsed = [...this.#ledger.agents.values()].filter((known) => isLapsed(known, soonMs)).length;
    if (lapsed <= this.#bounds.lapsed) return false;
    this.#seen.leftOut++;
    return true;
  }

  #newCall(request: number): Call {
    const call = { callId: `call-${this.#calls.length}`, request, declined: new Set<string>() };
    this.#calls.push(call);
    return call;
  }

  #request(index: number): Request {
    return this.#plan.requests[index % this.#plan.requests.length] as Request;
  }

  #written(callId: string, wanted: Request, excluded?: string): ClaimRequest {
    const { media, skills, isShort, only, passOver } = wanted;
    const vouched = wanted.vouched.map((who) => this.#id(who));
    return {
      ...{ region: 'eu', domain: this.#pool.name, callId, wish: 'wish', media, skills, vouched },
      queue: wanted.queue === 'global' ? 'global' : `${this.#pool.name}:${wanted.queue}`,
      passOver: new Map(passOver ? [['us', passOver]] : []),
      explain: false,
      heldMs: isShort ? this.#times.shortMs : LONG_MS,
      holdMs: isShort ? this.#times.shortMs : LONG_MS,
      instead: wanted.instead ? vouched : [],
      excluded: [...wanted.excluded.map((who) => this.#id(who)), ...(excluded ? [excluded] : [])],
      agentId: only === undefined ? undefined : this.#id(only),
      deadlineMs: DEADLINE_MS,
    };
  }

  /** The number after the last one is that of an agent who was never reported. */
  #id(who: number): string {
    return this.#ids[who % (this.#ids.length + 1)] ?? `${this.#pool.name}:stranger`;
  }

  #isAway(agentId: string): boolean {
    return agentId.startsWith('away-');
  }

  #version(): { at: number; id: string } {
    const at = this.#at++;
    return { at, id: `e-${at}` };
  }

  #comparable({ verdict, agentId, tally }: ClaimReply): object {
    const { seen: _, held = 0, claimed = 0, ...others } = tally;
    return { verdict, agent: localName(agentId), ...(verdict === 'none' && { ...others, taken: held + claimed }) };
  }
}

const localName = (agentId: string): string => agentId.replace(/^(away-)?[^:]*:/, '$1');
