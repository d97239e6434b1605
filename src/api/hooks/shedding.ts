import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../ops/metrics.ts';
import { sendProblem } from '../problems/send-problem.ts';

/**
 * What a route does, in the order in which it is given up: a caller without an answer asks another instance, a claim that is
 * not settled holds an agent. Routes that say nothing are never refused.
 */
type Work = 'lookup' | 'claim' | 'settlement';

declare module 'fastify' {
  interface FastifyContextConfig {
    work?: Work;
  }
}

/** How late the event loop may be before work is refused, in ms. Half the usual budget of a claim is gone at the first. */
const LAG_LIMITS_MS: Record<Work, number> = { lookup: 100, claim: 250, settlement: 2_500 };

const RETRY_MS = 1_000;

/** Refuses what an overloaded instance cannot do in time, before anything of it is read but its head. */
export function shedLoad(server: FastifyInstance, metrics: Pick<Metrics, 'shed'>, lag = new LoopLag()): void {
  server.addHook('onRequest', async ({ routeOptions }, reply) => {
    const { work } = routeOptions.config;
    if (!work || lag.lagMs <= LAG_LIMITS_MS[work]) return;
    metrics.shed.inc({ work });
    const detail = `this instance is ${Math.round(lag.lagMs)} ms late, too late for a ${work}`;
    sendProblem(reply, 'overloaded', { detail, retryAfterMs: RETRY_MS });
  });
  server.addHook('onClose', async () => lag.stop());
}

const EVERY_MS = 100;
const RESOLUTION_MS = 10;
/** How much the newest tenth of a second counts where it is worse: one pause, e.g. of garbage collection, is not a load. */
const RISE = 0.5;
/** And where it is better: whatever was refused comes again, and all at once would be too much again. */
const FALL = 0.1;

/** How late the event loop is, in ms: what whatever arrives now has to wait before anybody looks at it. */
class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #lagMs = 0;

  constructor() {
    this.#delays.enable();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  get lagMs(): number {
    return this.#lagMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #look(): void {
    const newestMs = this.#delays.count === 0 ? 0 : this.#delays.mean / 1e6 - RESOLUTION_MS;
    const change = Math.max(0, newestMs) - this.#lagMs;
    this.#lagMs += change * (change > 0 ? RISE : FALL);
    this.#delays.reset();
  }
}
