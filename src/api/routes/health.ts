import type { FastifyInstance } from 'fastify';
import type { BeatAnswer } from '../../contract/operators.ts';
import type { ReadyAnswer } from '../../contract/readiness.ts';
import { PROBED } from '../../routing/peers/peers.ts';
import type { ApiContext } from '../context.ts';

/** Load balancers ask, and learn that it is there. */
const OPEN = { config: { access: 'open' } } as const;

/**
 * `/healthz`: the process lives. `/readyz`: it can take work; a stale region elsewhere does not make it unready.
 * `/v1/beat`: what other regions probe.
 */
export function healthRoutes(server: FastifyInstance, { region, obstacles, readings, takeBeat }: ApiContext): void {
  server.get('/healthz', OPEN, async () => ({ status: 'ok', region: region.config.region }));

  server.get('/readyz', OPEN, async (_request, reply): Promise<ReadyAnswer> => {
    const found = obstacles();
    reply.status(found.length > 0 ? 503 : 200);
    return { status: found.length > 0 ? 'not ready' : 'ready', obstacles: found, reading: readings() };
  });

  server.get(PROBED, { config: { access: 'region' } }, async (): Promise<BeatAnswer> => {
    const beat = await takeBeat().catch(() => null); // the shard is down, and its breaker has told
    return { time_ms: region.clock.nowMs(), beat, claim_keys: [...region.claimIds.fingerprints] };
  });

  server.get('/metrics', { config: { access: 'admin:region' } }, async (_request, reply) => {
    reply.type(region.metrics.registry.contentType);
    return region.metrics.registry.metrics();
  });
}
