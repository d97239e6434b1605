import type { FastifyInstance, RouteOptions } from 'fastify';
import { type OperationId, operationList, operationOf } from './operations.ts';

/**
 * Sees to it that what is served and what is described are the same.
 * @returns the routes, as they are registered from now on
 * @throws Error, while a route is registered, where it has no operation; and when the server starts, where an operation
 *   has no route
 */
export function matchOperations(server: FastifyInstance): ReadonlyMap<OperationId, RouteOptions> {
  const routes = new Map<OperationId, RouteOptions>();
  server.addHook('onRoute', (route) => {
    // Of every GET there is a HEAD, which is answered with the same, but for the body.
    for (const method of [route.method].flat().filter((each) => each !== 'HEAD')) {
      const [id] = operationOf(method, route.url) ?? [];
      if (!id) throw new Error(`${method} ${route.url} is not described in src/api/operations`);
      routes.set(id, route);
    }
  });
  server.addHook('onReady', async () => {
    const missing = operationList().flatMap(([id]) => (routes.has(id) ? [] : [id]));
    if (missing.length > 0) throw new Error(`nothing answers what is described as ${missing.join(', ')}`);
  });
  return routes;
}
