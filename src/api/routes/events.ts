import type { FastifyInstance } from 'fastify';
import { type AgentEvent, InvalidEvent, readEvent, reservedIds } from '../../agent/event.ts';
import type { WrongField } from '../../agent/fields.ts';
import { whyNotTaken } from '../../config/topology.ts';
import { type EventsAnswer, MAX_BATCH } from '../../contract/events.ts';
import { tokenOfEvents } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import type { ApiContext } from '../context.ts';
import { recordEvent } from '../hooks/audited.ts';
import { InvalidRequest } from '../problems/failures.ts';

/** `POST /v1/events`: one event or a batch, all valid or none accepted. */
export function eventRoutes(server: FastifyInstance, { region }: ApiContext): void {
  const options = { config: { access: 'write:agent:status', work: 'claim', keyed: true } } as const;
  server.post('/v1/events', options, async (request, reply): Promise<EventsAnswer> => {
    const told = readAll(request.body);
    await region.ingest.mustHaveRoom(told);
    const events = await region.ingest.number(told);
    const accepted = await Promise.all(events.map((event) => region.ingest.accept(event)));
    for (const each of accepted) recordEvent(region, request, each);
    reply.status(202).header(CONSISTENCY, tokenOfEvents(region.config.region, accepted));
    return {
      accepted: accepted.length,
      replicated: accepted.every((each) => each.replicated),
      events: accepted.map(({ event, outcome }) => ({ event_id: event.eventId, outcome })),
    };
  });

  function readAll(body: unknown): AgentEvent[] {
    const payloads = Array.isArray(body) ? body : [body];
    const prefix = (index: number): string => (Array.isArray(body) ? `/${index}` : '');
    if (payloads.length === 0 || payloads.length > MAX_BATCH) {
      throw new InvalidRequest([{ field: '/', message: `must hold 1 to ${MAX_BATCH} events` }]);
    }
    const errors: WrongField[] = [];
    const events = payloads.flatMap((payload, index) => {
      try {
        return [read(payload)];
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

  function read(payload: unknown): AgentEvent {
    const { config } = region;
    const event = readEvent(payload, { region: config.region, status: 'report' });
    if (!config.regions[event.region]) {
      const message = `must be one of ${Object.keys(config.regions).join(', ')}`;
      throw new InvalidEvent([{ field: '/region_source', message }]);
    }
    const why = whyNotTaken(config, event.agentId);
    if (why !== undefined) throw new InvalidEvent([{ field: '/agent_id', message: why }]);
    if (event.facets.forgotten) throw new InvalidEvent([{ field: '/forgotten', message: "is Muster's own to say" }]);
    if (event.facets.claim || event.facets.digitalClaims) {
      const field = event.facets.claim ? '/claim' : '/digital_claims';
      throw new InvalidEvent([{ field, message: "is Muster's own to say" }]);
    }
    const reserved = reservedIds(event.facets);
    if (reserved.length > 0) throw new InvalidEvent(reserved);
    return event;
  }
}
