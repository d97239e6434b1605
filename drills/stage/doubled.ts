import { Random } from '@muster/simulators/kit/random';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import type { HttpAnswer } from '../../world/tools/http.ts';
import type { World } from '../../world/world.ts';
import * as ask from './ask.ts';
import type { Stage } from './stage.ts';
import { duration } from './words.ts';

/** An agent who was granted to a caller. */
interface Hold {
  claim: ClaimAnswer;
  /** End of the promise, monotonic, counted from the request by the caller's own clock; the store promised at least that. */
  untilMs: number;
}

/** Answers to all of these callers together. */
interface Ledger {
  /** Answers by status and code: `201`, `503 not_replicated`. */
  told: Record<string, number>;
  /** Claims that were confirmed. */
  confirmed: number;
  /** Answers that contradict each other. */
  contradictions: string[];
}

const SEED = 7;
const CALLERS = 4;
/** How long a caller keeps an agent, and waits before the next attempt, in ms. */
const HOLDS_MS = [200, 800] as const;
const PAUSE_MS = 100;
/** Attempts after which a call or a settlement is given up. */
const TRIES = 40;
/** Number of contradictions that are kept. */
const KEPT = 5;
const OVER = new Set(['unknown_claim', 'fence_superseded', 'claim_ended']);

/**
 * Callers who send every request twice at once, as impatient flows and proxies do, and repeat it until they get an answer.
 * They record answers and find contradictions: an agent who was granted to two callers, or a claim that was refused before
 * its time was over.
 */
export class DoubledCallers {
  readonly ledger: Ledger = { told: {}, confirmed: 0, contradictions: [] };
  readonly #stage: Stage;
  readonly #world: World;
  readonly #region: LocalRegion;
  readonly #queue: string;
  readonly #random = new Random(SEED);
  readonly #holds = new Set<Hold>();
  #calls = 0;
  #running: Promise<unknown> | undefined;
  #ends = false;

  /** @param region that they call; they ask for agents homed there, by one of its platform's queues */
  constructor(stage: Stage, world: World, region: LocalRegion) {
    this.#stage = stage;
    this.#world = world;
    this.#region = region;
    const connection = ask.connectionOf(world, region.name);
    const queue = connection.organisation.queues.find(({ media }) => media === 'voice');
    this.#queue = connection.agentId(queue?.id ?? '');
  }

  start(): void {
    this.#running = Promise.all(Array.from({ length: CALLERS }, () => this.#goOn()));
    // stop() throws a failure.
    this.#running.catch(() => {});
  }

  /** Ends new calls. */
  hangUp(): void {
    this.#ends = true;
  }

  /** Ends new calls; resolves with the ledger when all agents have been given back. */
  async stop(): Promise<Ledger> {
    this.hangUp();
    await this.#running;
    return this.ledger;
  }

  async #goOn(): Promise<void> {
    while (!this.#ends) {
      const hold = await this.#claim(`doubled-${++this.#calls}`);
      if (!hold) continue;
      if (await this.#keep(hold, 'confirm')) {
        this.ledger.confirmed++;
        await this.#stage.pass(this.#random.between(...HOLDS_MS));
        await this.#keep(hold, 'renew');
      }
      this.#holds.delete(hold);
      await this.#giveBack(hold);
    }
  }

  /** Asks until it gets an agent; undefined if it gives up. */
  async #claim(callId: string): Promise<Hold | undefined> {
    const asked = { queue: this.#queue, call_id: callId };
    for (let tried = 0; tried < TRIES && !this.#ends; tried++) {
      const askedMs = systemClock.monotonicMs();
      const answers = await this.#twice(() => ask.claim(this.#world, this.#region, asked));
      const [claim, other] = answers.filter(ask.succeeded).map(({ body }) => body as ClaimAnswer);
      if (claim && other && claim.claim_id !== other.claim_id) this.#deny(`${callId} got two claims at once`);
      if (claim) return this.#take({ claim, untilMs: askedMs + claim.expires_in_ms });
      await this.#stage.pass(PAUSE_MS);
    }
    return undefined;
  }

  /** Confirms or renews until it succeeds. @returns false if it gives up */
  async #keep(hold: Hold, settlement: 'confirm' | 'renew'): Promise<boolean> {
    for (let tried = 0; tried < TRIES; tried++) {
      const askedMs = systemClock.monotonicMs();
      const answers = await this.#twice(() => ask.settle(this.#world, this.#region, hold.claim, settlement));
      const [kept] = answers.filter(ask.succeeded).map(({ body }) => body as ClaimAnswer);
      if (kept) this.#take(hold).untilMs = askedMs + kept.expires_in_ms;
      const refused = answers.find(({ body }) => OVER.has((body as { code?: string }).code ?? ''));
      if (refused) {
        const leftMs = hold.untilMs - systemClock.monotonicMs();
        const { call_id } = hold.claim;
        if (leftMs > 0)
          this.#deny(`${call_id}: ${settlement} got ${ask.outcome(refused)} ${duration(leftMs)} too early`);
        return false;
      }
      if (kept) return true;
      await this.#stage.pass(PAUSE_MS);
    }
    return false;
  }

  async #giveBack({ claim }: Hold): Promise<void> {
    for (let tried = 0; tried < TRIES; tried++) {
      const answers = await this.#twice(() => ask.settle(this.#world, this.#region, claim, 'release'));
      if (answers.some(({ status }) => status < 500)) return;
      await this.#stage.pass(PAUSE_MS);
    }
  }

  /** Records that this caller has the agent from now on. */
  #take(hold: Hold): Hold {
    const nowMs = systemClock.monotonicMs();
    for (const { claim, untilMs } of this.#holds) {
      if (claim.agent_id !== hold.claim.agent_id || claim.call_id === hold.claim.call_id || untilMs <= nowMs) continue;
      const { name } = hold.claim.agent;
      this.#deny(`${hold.claim.call_id} got ${name}, whom ${claim.call_id} has for ${duration(untilMs - nowMs)} more`);
    }
    this.#holds.add(hold);
    return hold;
  }

  /** Sends two requests at once. @returns those that were answered */
  async #twice(request: () => Promise<HttpAnswer>): Promise<HttpAnswer[]> {
    const answers = await Promise.allSettled([request(), request()]);
    return answers.flatMap((answer) => {
      const told = answer.status === 'fulfilled' ? ask.outcome(answer.value) : 'no answer';
      this.ledger.told[told] = (this.ledger.told[told] ?? 0) + 1;
      return answer.status === 'fulfilled' ? [answer.value] : [];
    });
  }

  #deny(what: string): void {
    if (this.ledger.contradictions.length < KEPT) this.ledger.contradictions.push(what);
  }
}
