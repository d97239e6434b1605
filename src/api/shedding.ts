import type { FastifyInstance } from 'fastify';
import { LoopLag } from '../ops/loop-lag.ts';
import type { Metrics } from '../ops/metrics.ts';
import { sendProblem } from './send-problem.ts';

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
