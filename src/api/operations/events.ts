import { InvalidEvent, readEvent, reservedIds } from '../../agent/event.ts';
import type { WrongField } from '../../agent/fields.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import { whyNotTaken } from '../../config/topology.ts';
import { EventsAnswer, EventsBody, MAX_BATCH } from '../../contract/events.ts';
import { acceptAll } from '../../routing/accept-all.ts';
import { tokenOfEvents } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import type { Region } from '../../routing/region.ts';
import { recordEvent } from '../hooks/access.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { IN_BODY, KEYED, type Operation, operation, REPLAYED } from './operation.ts';

export const eventOperations = {
  sendEvents: operation({
    method: 'POST',
    path: '/v1/events',
    tag: 'Events',
    access: 'write:agent:status',
    work: 'claim',
    summary: 'Report changes to agents',
    description: 'An accepted event is stored and reaches every region. Order and repetition do not matter.',
    repeatable: 'an event that was received before changes nothing.',
    headers: ['idempotency-key'],
    body: { schema: EventsBody },
    validatedBy: 'handler',
    answers: {
      202: {
        description: 'All events are accepted.',
        schema: EventsAnswer,
        headers: ['muster-consistency', ...REPLAYED],
      },
    },
    problems: [...IN_BODY, 'outbox_full', 'not_replicated', ...KEYED],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const reported = readAll(region, request.body);
      await region.ingest.mustHaveRoom(reported);
      const events = await region.ingest.number(reported);
      const accepted = await acceptAll(region.ingest, events);
      for (const each of accepted) recordEvent(region, request, each);
      reply.status(202).header(CONSISTENCY, tokenOfEvents(region.config.region, accepted));
      return {
        accepted: accepted.length,
        replicated: accepted.every((each) => each.replicated),
        events: accepted.map(({ event, outcome }) => ({ event_id: event.eventId, outcome })),
      };
    },
  }),
} as const satisfies Record<string, Operation>;

/**
 * Reads one event or a batch. One invalid event rejects the whole batch.
 * @throws InvalidRequest with the invalid fields of all events
 */
function readAll(region: Region, body: unknown): AgentEvent[] {
  const payloads = Array.isArray(body) ? body : [body];
  const prefix = (index: number): string => (Array.isArray(body) ? `/${index}` : '');
  if (payloads.length === 0 || payloads.length > MAX_BATCH) {
    throw new InvalidRequest([{ field: '/', message: `must hold 1 to ${MAX_BATCH} events` }]);
  }
  const errors: WrongField[] = [];
  const events = payloads.flatMap((payload, index) => {
    try {
      return [read(region, payload)];
    } catch (error) {
      if (!(error instanceof InvalidEvent)) throw error;
      errors.push(...error.errors.map(({ field, message }) => ({ field: `${prefix(index)}${field}`, message })));
      return [];
    }
  });
  if (errors.length === 0) return events;
  region.metrics.events.inc({ outcome: 'rejected' }, payloads.length - events.length);
  throw new InvalidRequest(errors);
}

/** Reads an event and checks it against the config. @throws InvalidEvent */
function read({ config }: Region, payload: unknown): AgentEvent {
  const event = readEvent(payload, { region: config.region, status: 'report' });
  if (!config.regions[event.region]) {
    const message = `must be one of ${Object.keys(config.regions).join(', ')}`;
    throw new InvalidEvent([{ field: '/region_source', message }]);
  }
  const why = whyNotTaken(config, event.agentId);
  if (why !== undefined) throw new InvalidEvent([{ field: '/agent_id', message: why }]);
  if (event.facets.forgotten) throw new InvalidEvent([{ field: '/forgotten', message: 'is set by Muster only' }]);
  if (event.facets.claim || event.facets.digitalClaims) {
    const field = event.facets.claim ? '/claim' : '/digital_claims';
    throw new InvalidEvent([{ field, message: 'is set by Muster only' }]);
  }
  const reserved = reservedIds(event.facets);
  if (reserved.length > 0) throw new InvalidEvent(reserved);
  return event;
}
