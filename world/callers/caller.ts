import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '@muster/simulators/kit/random';
import type { RouteAnswer } from '../../src/contract/route.ts';
import { type Clock, systemClock } from '../../src/ops/clock.ts';
import type { Sent, SentAnswer, WaitingRoom } from '../platforms/connection.ts';
import type { Call, Script, Settlement } from '../platforms/scripts.ts';
import type { Http, HttpAnswer } from '../tools/http.ts';
import type { CallersLedger } from './callers-ledger.ts';
import type { Tally } from './tally.ts';
import type { VerifiedClaims } from './verified-claims.ts';

export interface CallerContext {
  http: Http;
  random: Random;
  tally: Tally;
  /** Records the claims that were granted on a platform's word. */
  verified: VerifiedClaims;
  /** Records every request and its answer. */
  ledger: CallersLedger;
  /** The script of the platform where the call arrives. */
  script: Script;
  /** The queue in which the call waits, if it is to be assigned. */
  room: WaitingRoom | undefined;
  /** An instance of the call's region to ask. */
  url(): string;
  /** The home of an agent. */
  homeOf(agentId: string): string;
  /** Transfers the call to an agent on their platform. */
  send(agentId: string, sent: Omit<Sent, 'userId'>): SentAnswer;
  /** Aborted when all callers hang up. */
  hangUp: AbortSignal;
}

/** `cut_off`: all callers had to hang up before this call found an agent. */
type Outcome = 'connected' | 'abandoned' | 'cut_off';

type Claim = Extract<RouteAnswer, { found: true }>;

const PATIENCE_MS = 30_000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 2_000;
/** A claim that expires within this time is not used. */
const MARGIN_MS = 500;
/** Refusals by the platform after which a call is given up. */
const MAX_REFUSALS = 2;
const SETTLE_ATTEMPTS = 4;
/** The share of calls whose flow hangs when it has an agent, and continues when the claim has lapsed. */
const HANGS = 0.02;
const HANGS_LONGER_MS = 2_000;
/** Reasons why a claim cannot be settled, which a retry does not change. */
const OVER = new Set(['unknown_claim', 'fence_superseded', 'claim_ended']);
/** How long a call may wait after the platform has accepted its assignment, and how often that is checked, in ms. */
const RINGS_WITHIN_MS = 1_000;
const RINGS_CHECK_MS = 100;
/** The share of answers that are lost, so that the flow asks again. */
const LOSES_ANSWER = 0.05;

/**
 * One call, from its arrival to an agent's phone.
 *
 *   claiming ──granted──► sending ──accepted──► confirming ──► connected
 *    ▲  │ ▲                  │ refused, or the claim nearly lapsed
 *    │  │ └──release─────────┘ (given up after the second refusal)
 *    │  └─not found, 503───► waiting ──30 s in all──► abandoned
 *    └───────────────────────┘
 *
 * If Muster delivers the call, it waits in a queue of its organisation, and its flow asks until it has left the queue.
 *
 * Now and then a call flow fails: it loses an answer and asks again, or it hangs and returns with a claim that another
 * call may have by then.
 */
export class Caller {
  readonly #call: Call;
  readonly #context: CallerContext;
  readonly #clock: Clock = systemClock;
  #refusals = 0;
  #backoffMs = FIRST_BACKOFF_MS;

  constructor(call: Call, context: CallerContext) {
    this.#call = call;
    this.#context = context;
  }

  /** @throws Error for an answer that a well-formed call should never get */
  async seekAgent(): Promise<Outcome> {
    const { hangUp, random } = this.#context;
    const patienceEndsMs = this.#clock.monotonicMs() + PATIENCE_MS;
    while (this.#clock.monotonicMs() < patienceEndsMs && this.#refusals < MAX_REFUSALS) {
      if (hangUp.aborted) return 'cut_off';
      const askedMs = this.#clock.monotonicMs();
      const claim = await this.#claim(askedMs);
      if (typeof claim === 'number') await this.#pause(claim);
      else if (random.chance(LOSES_ANSWER)) continue;
      else if (this.#context.room) {
        if (await this.#rings(claim)) return 'connected';
      } else if (random.chance(HANGS)) await this.#hang(claim);
      else if (await this.#reach(claim, askedMs + claim.expires_in_ms - MARGIN_MS)) return 'connected';
    }
    return hangUp.aborted ? 'cut_off' : 'abandoned';
  }

  /** The claim, or the time to wait before the next request, in ms. */
  async #claim(askedMs: number): Promise<Claim | number> {
    const { tally, verified, http, script, homeOf, ledger } = this.#context;
    const asked = { asked: 'claim', call: this.#call.id, queue: this.#call.queue, ...this.#where() } as const;
    const answer = await attempt(() => ledger.note(asked, () => script.route(http, asked.url, this.#call)));
    if (answer && answer.status !== 200 && !isPassing(answer)) throw unexpected('a claim', answer);
    const found = answer?.status === 200 ? answer.body : undefined;
    if (found?.found) {
      const home = homeOf(found.agent_id);
      const isRemote = home !== this.#call.region && !found.verified;
      (isRemote ? tally.remote : tally.local).add(this.#clock.monotonicMs() - askedMs);
      tally.byHome.set(home, 1 + (tally.byHome.get(home) ?? 0));
      if (found.verified) {
        tally.verified++;
        verified.add(found.agent_id, this.#call.id);
      }
      this.#backoffMs = FIRST_BACKOFF_MS;
      return found;
    }
    if (found?.reason === 'no_agent_available') {
      tally.nobody++;
      return found.retry_after_ms;
    }
    tally.unavailable++;
    return this.#nextBackoffMs();
  }

  /** Resolves when another call may have the agent. */
  async #hang({ claim_id, expires_in_ms }: Claim): Promise<void> {
    await this.#pause(expires_in_ms + HANGS_LONGER_MS);
    await this.#settle(claim_id, 'release');
  }

  /** Whether the call has left the queue in which it waits to be assigned, or leaves it soon. */
  async #rings({ delivered }: Claim): Promise<boolean> {
    const { room } = this.#context;
    const untilMs = this.#clock.monotonicMs() + (delivered === 'accepted' ? RINGS_WITHIN_MS : 0);
    while (room?.isWaiting(this.#call.id)) {
      await this.#pause(RINGS_CHECK_MS);
      if (this.#clock.monotonicMs() >= untilMs) return false;
    }
    return true;
  }

  /** Sends the call to the claimed agent. @returns whether the platform accepted it */
  async #reach({ claim_id, agent_id }: Claim, usableUntilMs: number): Promise<boolean> {
    const { tally, send, script } = this.#context;
    if (this.#clock.monotonicMs() >= usableUntilMs) {
      tally.lapsed++;
      await this.#settle(claim_id, 'release');
      return false;
    }
    const { id, media, way } = this.#call;
    if (!send(agent_id, { conversationId: id, media, way }).accepted) {
      tally.refusedByPlatform++;
      this.#refusals++;
      await this.#settle(claim_id, 'refused');
      return false;
    }
    if (!script.confirms) return true;
    if (!(await this.#settle(claim_id, 'confirm'))) tally.unconfirmed++;
    return true;
  }

  /** Whether the claim was settled. Otherwise it lapses, or an event of the platform settles it. */
  async #settle(claimId: string, settlement: Settlement): Promise<boolean> {
    const { http, script, ledger } = this.#context;
    for (let tried = 0; tried < SETTLE_ATTEMPTS; tried++) {
      const asked = { asked: settlement, claim: claimId, call: this.#call.id, ...this.#where() } as const;
      const answer = await attempt(() => ledger.note(asked, () => script.settle(http, asked.url, claimId, settlement)));
      if (answer && answer.status !== 200 && !isPassing(answer)) throw unexpected(`a ${settlement}`, answer);
      const settled = answer?.status === 200 ? answer.body : undefined;
      if (settled?.done) return true;
      if (settled && OVER.has(settled.reason)) return false;
      await delay(this.#nextBackoffMs());
    }
    return false;
  }

  /** An instance of the call's region; a different one each time. */
  #where(): { region: string; url: string } {
    return { region: this.#call.region, url: this.#context.url() };
  }

  #nextBackoffMs(): number {
    const ms = this.#backoffMs * this.#context.random.between(0.5, 1);
    this.#backoffMs = Math.min(LONGEST_BACKOFF_MS, 2 * this.#backoffMs);
    return ms;
  }

  /** Waits, until the caller hangs up at the latest. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#context.hangUp }).catch(() => undefined);
  }
}

/** Undefined if there was no answer: callers treat that as a request to try again. */
function attempt<T>(asked: () => Promise<T>): Promise<T | undefined> {
  return asked().catch(() => undefined);
}

/** Whether the answer's status says that the instance shuts down. */
function isPassing({ status }: HttpAnswer): boolean {
  return status === 503;
}

function unexpected(what: string, { status, body }: HttpAnswer): Error {
  return new Error(`${what} was answered with ${status}: ${JSON.stringify(body).slice(0, 300)}`);
}
