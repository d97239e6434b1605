import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import type { Ledger } from './judge.ts';
import type { Lane } from './names.ts';
import type { Regions } from './regions.ts';

/** For a request to be answered with what it asks for, however often it must be repeated. */
const LIMIT_MS = 60_000;
const AGAIN_MS = 50;
const ANSWER_LIMIT_MS = 5000;

interface Answer {
  /** 0: none came. */
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  body: any;
}

/** What happens to an agent of `eu`, or of `us` in the lane `apply`, who has a queue of its own; and its callers. */
export class Story {
  readonly #urls: Regions['urls'];
  readonly #ledger: Ledger;
  readonly #lane: Lane;
  readonly #n: number;
  readonly #sinceMs: number;
  #claimId = '';

  constructor({ urls }: Regions, ledger: Ledger, lane: Lane, n: number) {
    this.#urls = urls;
    this.#ledger = ledger;
    this.#lane = lane;
    this.#n = n;
    // Not a whole second: those are numbered, which is another write.
    this.#sinceMs = Math.floor(systemClock.nowMs() / 1000) * 1000 - 9_900;
  }

  /** What the commands of this story's step name: the call of its claim, else its agent. */
  get subject(): string {
    return this.#lane === 'claim' ? this.#call : this.#agent;
  }

  /** Everything before the step. */
  async begin(): Promise<void> {
    if (this.#lane === 'apply' || this.#lane === 'heartbeat') return;
    await this.#untilDone(() => this.#event(0));
    if (this.#lane === 'event') return;
    await this.#untilDone(() => this.#event(1));
    if (this.#lane === 'settle') await this.#untilDone(() => this.#claim());
  }

  /** The step, once. @returns whether it was acknowledged */
  step(): Promise<boolean> {
    return this.#steps[this.#lane]();
  }

  /** Repeats the step until it is acknowledged, as callers do, and brings the story to its end. */
  async end(): Promise<void> {
    await this.#untilDone(this.#steps[this.#lane]);
    if (this.#lane === 'apply' || this.#lane === 'heartbeat') return;
    if (this.#lane === 'event') await this.#untilDone(() => this.#claim());
    await this.#untilDone(() => this.#confirm());
    await this.#untilDone(() => this.#claimedTwice());
  }

  readonly #steps: Record<Lane, () => Promise<boolean>> = {
    event: () => this.#event(1),
    claim: () => this.#claim(),
    settle: () => this.#confirm(),
    apply: () => this.#event(0),
    heartbeat: async () => true,
  };

  get #home(): 'eu' | 'us' {
    return this.#lane === 'apply' ? 'us' : 'eu';
  }

  get #agent(): string {
    return `crm-${this.#home}:agent-${this.#n}.`;
  }

  get #call(): string {
    return `call-${this.#n}.`;
  }

  #queue(n: number): string {
    return `crm-${this.#home}:queue-${this.#n}-${n}`;
  }

  /** Brings the agent on duty in its first queue, and then into its second. */
  async #event(n: 0 | 1): Promise<boolean> {
    const at = this.#sinceMs + 100 * n + 1;
    const { status, body } = await this.#post(`${this.#urls[this.#home]}/v1/events`, {
      ...{ event_id: `event-${this.#n}-${n}`, agent_id: this.#agent, status: 'AVAILABLE', timestamp: at },
      profile: { queues: [this.#queue(n)], skills: {} },
    });
    if (status !== 202) return false;
    if (this.#home === 'us') return true;
    this.#demandReplicated(body, `event ${n} of ${this.#agent}`);
    this.#ledger.events.push({ agent: this.#agent, at });
    return true;
  }

  async #claim(): Promise<boolean> {
    const asked = { queue: this.#queue(1), call_id: this.#call };
    const { status, body } = await this.#post(`${this.#urls.eu}/v1/claims`, asked);
    if (status !== 200 && status !== 201) return false;
    this.#claimId = body.claim_id;
    this.#acknowledged(body, 'HELD');
    return true;
  }

  /** Another call asks for the agent, who is taken: it must be told that there is nobody. */
  async #claimedTwice(): Promise<boolean> {
    const asked = { queue: this.#queue(1), call_id: `other-${this.#n}` };
    const { status, body } = await this.#post(`${this.#urls.eu}/v1/claims`, asked);
    const isGiven = status === 200 || status === 201;
    if (isGiven) this.#ledger.broken.push(`acknowledged: a second call gets ${this.#agent}: ${JSON.stringify(body)}`);
    return isGiven || body?.code === 'no_agent_available';
  }

  async #confirm(): Promise<boolean> {
    const url = `${this.#urls.eu}/v1/claims/${encodeURIComponent(this.#claimId)}/confirm`;
    const { status, body } = await this.#post(url, {});
    if (status === 200) this.#acknowledged(body, 'CONFIRMED');
    return status === 200;
  }

  #acknowledged(body: { agent_id: string; fence: number; replicated?: boolean }, state: 'HELD' | 'CONFIRMED'): void {
    this.#demandReplicated(body, `${state} for ${this.#call}`);
    this.#ledger.claims.push({ agent: body.agent_id, call: this.#call, fence: body.fence, state });
  }

  #demandReplicated({ replicated }: { replicated?: boolean }, what: string): void {
    if (replicated !== true) this.#ledger.broken.push(`acknowledged: ${what} was acknowledged, and no replica has it`);
  }

  async #untilDone(ask: () => Promise<boolean>): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + LIMIT_MS;
    while (!(await ask())) {
      if (systemClock.monotonicMs() > deadlineMs) {
        throw new Error(`${this.#lane} of ${this.#agent} was not acknowledged in ${LIMIT_MS} ms: ${this.#last}`);
      }
      await delay(AGAIN_MS);
    }
  }

  #last = '';

  async #post(url: string, body: object): Promise<Answer> {
    const answer = await post(url, body);
    this.#last = JSON.stringify(answer);
    return answer;
  }
}

async function post(url: string, body: object): Promise<Answer> {
  try {
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal });
    return { status: response.status, body: await response.json() };
  } catch (error) {
    return { status: 0, body: error instanceof Error ? error.message : String(error) }; // Its caller asks again.
  }
}
