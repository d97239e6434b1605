import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { stateRow } from './bodies.ts';
import { CxoneError } from './errors.ts';
import type { Row } from './feed.ts';
import { isHidden } from './hidden.ts';
import { iso, listAnswer, projected } from './listing.ts';
import { withoutNone } from './none.ts';
import { isSince, Parameters } from './query.ts';
import type { World } from './world.ts';

const REAL_TIME = { config: { scope: 'RealTimeDataAPI' } } as const;

/** `/agents/states`, the main feed, and the state of one agent. */
export function stateRoutes(api: FastifyInstance, world: World): void {
  const { org, agents, feed, switches, faults } = world;
  const body = (row: Row) => stateRow(row, org, switches);

  api.get<{ Querystring: Query }>('/agents/states', REAL_TIME, async (request, reply) => {
    const sinceMs = new Parameters(request.query).time('updatedSince', 'Invalid Updated Since');
    // 1970 is how a client asks for everything.
    const isDelta = sinceMs !== undefined && sinceMs > 0;
    const found = rowsSince(world, isDelta ? sinceMs : undefined);
    feed.readUpTo(request.startedMs);
    if (isDelta && found.length === 0 && switches.emptyDelta !== '200') {
      return reply.code(Number(switches.emptyDelta)).header('icStatusDescription', 'No data').send();
    }
    const root = { hiddenAgents: faults.settings.hiddenAgents };
    return listAnswer(request, switches, { key: 'agentStates', found, body, root, hasNone: true, wraps: false });
  });

  api.get<{ Params: { id: string }; Querystring: Query }>('/agents/:id/states', REAL_TIME, async (request) => {
    const { params, query, startedMs } = request;
    const agent = agents.find(params.id);
    const row = agent && feed.row(agent);
    if (!row || isHidden(row.agent, world)) throw new CxoneError(404, 'Invalid Agent Id');
    const parameters = new Parameters(query);
    const sinceMs = parameters.time('updatedSince', 'Invalid Updated Since');
    const rows = isSince(row.lastUpdateMs, sinceMs, switches.updatedSince) ? [row] : [];
    // This endpoint has kept the older field names.
    const old = rows.map((one) => ({
      ...stateRow(one, org, { ...switches, fieldNames: 'legacy' }),
      lastPollTime: iso(startedMs),
    }));
    const asked = projected(old, parameters.text('fields'));
    return { agentStates: asked.map((one) => withoutNone(one, switches)) };
  });
}

function rowsSince(world: World, sinceMs: number | undefined): Row[] {
  const { feed, switches, faults } = world;
  const isDelta = sinceMs !== undefined;
  const rows = feed.rows.filter((row) => {
    const loggedOut = row.stateId === 0;
    if (loggedOut && (switches.loggedOut === 'never' || (switches.loggedOut === 'delta' && !isDelta))) return false;
    if (isHidden(row.agent, world)) return false;
    const isDue = isSince(row.lastUpdateMs, sinceMs, switches.updatedSince);
    return isDue || (isDelta && faults.strikes('redeliverRows'));
  });
  return rows.flatMap((row) => (faults.strikes('duplicateRows') ? [row, row] : [row]));
}
