import { isDeepStrictEqual } from 'node:util';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { type OperationId, operationList, operationOf } from './operations.ts';

/**
 * Sees to it that what is served and what is described are the same. To be called before routes are made: one that has no
 * operation, or lets others in than its operation says, ends the start, and so does an operation without a route.
 */
export function matchOperations(server: FastifyInstance): void {
  const served = new Set<OperationId>();
  server.addHook('onRoute', (route) => {
    // Of every GET there is a HEAD, which is answered with the same, but for the body.
    for (const method of [route.method].flat().filter((each) => each !== 'HEAD')) served.add(idOf(method, route));
  });
  server.addHook('onReady', async () => {
    const missing = operationList().flatMap(([id]) => (served.has(id) ? [] : [id]));
    if (missing.length > 0) throw new Error(`nothing answers what is described as ${missing.join(', ')}`);
  });
}

function idOf(method: string, { url, config }: RouteOptions): OperationId {
  const found = operationOf(method, url);
  if (!found) throw new Error(`the route ${method} ${url} is not described in src/api/operations`);
  const [id, { access, accessWith }] = found;
  if (access !== config?.access || !isDeepStrictEqual(accessWith, config.accessWith)) {
    throw new Error(`the route ${method} ${url} lets others in than is described as ${id}`);
  }
  return id;
}
