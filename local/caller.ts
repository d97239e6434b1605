import { setTimeout as delay } from 'node:timers/promises';
import { type Clock, systemClock } from '../src/ops/clock.ts';
import type { Send, SendAnswer } from './genesys/ground-truth.ts';
import type { Http, HttpAnswer } from './http.ts';
import type { Random } from './simulator/random.ts';
import type { Tally } from './tally.ts';

/** Somebody who calls in, and the region their call arrives at. */
export interface Call {
  /** The conversation's id on the platform, too. */
  id: string;
  region: string;
  queue: string;
  skills: string[];
}

export interface CallerContext {
  http: Http;
  random: Random;
  tally: Tally;
  /** An instance of the call's region to ask. */
  url(): string;
  /** Transfers the call to an agent on their platform. */
  send(agentId: string, send: Omit<Send, 'userId'>): SendAnswer;
  /** Aborted when everybody hangs up. */
  hangUp: AbortSignal;
}

/** `cut_off`: everybody was told to hang up before this call had found an agent. */
export type Outcome = 'connected' | 'abandoned' | 'cut_off';

interface Claim {
  claim_id: string;
  agent_id: string;
  expires_in_ms: number;
  authority: { region: string; mode: string };
  agent: { home: string };
}

const PATIENCE_MS = 30_000;
const ASK_AGAIN_MS = 1_000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 2_000;
/** A claim this close to its end is not used any more. */
const MARGIN_MS = 500;
/** After a second refusal by the platform the call is given up. */
const MAX_REFUSALS = 2;
const SETTLE_ATTEMPTS = 4;
/** The share of calls whose flow hangs when it has an agent, and goes on when the claim has lapsed. */
const HANGS = 0.02;
const HANGS_LONGER_MS = 2_000;
/** The share of answers that are lost on their way, so that the flow asks again. */
const LOSES_ANSWER = 0.05;

/**
 * One call, from its arrival to an agent's phone.
 *
 *   claiming ──granted──► sending ──accepted──► confirming ──► connected
 *    ▲  │ ▲                  │ refused, or the claim nearly lapsed
 *    │  │ └──release─────────┘ (given up after the second refusal)
 *    │  └─nobody, 503, 504─► waiting ──30 s in all──► abandoned
 *    └───────────────────────┘
 *
 * Now and then a call flow is not what it should be: it loses an answer and asks again, or it hangs and comes back
 * with a claim that somebody else may have by then.
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

  /** @throws Error for an answer that no well-formed call should get */
  async seekAgent(): Promise<Outcome> {
    const { hangUp, random } = this.#context;
    const patienceEndsMs = this.#clock.monotonicMs() + PATIENCE_MS;
    while (this.#clock.monotonicMs() < patienceEndsMs && this.#refusals < MAX_REFUSALS) {
      if (hangUp.aborted) return 'cut_off';
      const askedMs = this.#clock.monotonicMs();
      const claim = await this.#claim(askedMs);
      if (typeof claim === 'number') await this.#pause(claim);
      else if (random.chance(LOSES_ANSWER)) continue;
      else if (random.chance(HANGS)) await this.#hang(claim);
      else if (await this.#reach(claim, askedMs + claim.expires_in_ms - MARGIN_MS)) return 'connected';
    }
    return hangUp.aborted ? 'cut_off' : 'abandoned';
  }

  /** The claim, or how long to wait before asking again, in ms. */
  async #claim(askedMs: number): Promise<Claim | number> {
    const { tally, http, url, random } = this.#context;
    const { id, queue, skills, region } = this.#call;
    const answer = await attempt(() => http.post(`${url()}/v1/claims`, { queue, call_id: id, skills }));
    if (answer && answer.status < 300) {
      const claim = answer.body as Claim;
      const latencies = claim.authority.region === region ? tally.local : tally.remote;
      latencies.add(this.#clock.monotonicMs() - askedMs);
      tally.byHome.set(claim.agent.home, 1 + (tally.byHome.get(claim.agent.home) ?? 0));
      if (claim.authority.mode === 'verified') tally.verified++;
      this.#backoffMs = FIRST_BACKOFF_MS;
      return claim;
    }
    if (answer?.status === 409) {
      tally.nobody++;
      return random.between(0.8, 1.2) * ASK_AGAIN_MS;
    }
    if (answer && !isPassing(answer)) throw unexpected('a claim', answer);
    tally.unavailable++;
    return this.#nextBackoffMs();
  }

  /** Wakes up when somebody else may have the agent. */
  async #hang({ claim_id, expires_in_ms }: Claim): Promise<void> {
    await this.#pause(expires_in_ms + HANGS_LONGER_MS);
    await this.#settle(claim_id, 'release');
  }

  /** Sends the call to the claimed agent. False: not this one. */
  async #reach({ claim_id, agent_id }: Claim, usableUntilMs: number): Promise<boolean> {
    const { tally, send } = this.#context;
    if (this.#clock.monotonicMs() >= usableUntilMs) {
      tally.lapsed++;
      await this.#settle(claim_id, 'release');
      return false;
    }
    if (!send(agent_id, { conversationId: this.#call.id }).accepted) {
      tally.refusedByPlatform++;
      this.#refusals++;
      await this.#settle(claim_id, 'release', { refused: true });
      return false;
    }
    if (!(await this.#settle(claim_id, 'confirm'))) tally.unconfirmed++;
    return true;
  }

  /** Whether the claim was settled. Where it was not, it lapses, or the platform's own word settles it. */
  async #settle(claimId: string, settlement: 'confirm' | 'release', body = {}): Promise<boolean> {
    const { http, url } = this.#context;
    for (let tried = 0; tried < SETTLE_ATTEMPTS; tried++) {
      const answer = await attempt(() =>
        http.post(`${url()}/v1/claims/${encodeURIComponent(claimId)}/${settlement}`, body),
      );
      if (answer && answer.status < 300) return true;
      if (answer?.status === 409 || answer?.status === 404) return false;
      if (answer && !isPassing(answer)) throw unexpected(`a ${settlement}`, answer);
      await delay(this.#nextBackoffMs());
    }
    return false;
  }

  #nextBackoffMs(): number {
    const ms = this.#backoffMs * this.#context.random.between(0.5, 1);
    this.#backoffMs = Math.min(LONGEST_BACKOFF_MS, 2 * this.#backoffMs);
    return ms;
  }

  /** Waits; hanging up ends the wait. */
  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#context.hangUp }).catch(() => undefined);
  }
}

/** Undefined where nobody answered: for a caller the same as being told to try again. */
function attempt(asked: () => Promise<HttpAnswer>): Promise<HttpAnswer | undefined> {
  return asked().catch(() => undefined);
}

function isPassing({ status }: HttpAnswer): boolean {
  return status === 503 || status === 504;
}

function unexpected(what: string, { status, body }: HttpAnswer): Error {
  return new Error(`${what} was answered with ${status}: ${JSON.stringify(body).slice(0, 300)}`);
}
