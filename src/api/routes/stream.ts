import type { FastifyInstance, FastifyRequest } from 'fastify';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
import { StreamQuery, type StreamTopic, TOLD } from '../../contract/stream.ts';
import type { Clock } from '../../ops/clock.ts';
import { type Bookmark, InvalidBookmark, readBookmark } from '../../routing/consistency/bookmark.ts';
import { Follower, type Wanted } from '../../routing/lookup/follow.ts';
import type { ApiContext } from '../context.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { StreamBody } from '../stream/stream-body.ts';

/** Streams that an instance has open at most: each reads the store ten times a second. */
const MOST_STREAMS = 100;
const RETRY_MS = 5000;
const LAST_EVENT_ID = 'last-event-id';
const LONGEST_ID = REQUEST_LIMITS.lastEventId.most;

/** `GET /v1/stream`: what changes in the region, as server-sent events. */
export function streamRoutes(server: FastifyInstance, { region }: ApiContext): void {
  const open = new Set<StreamBody>();
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
    for (const stream of open) stream.end('draining');
  });

  server.get(
    '/v1/stream',
    // There is nothing to know about a stream but what comes.
    { config: { access: 'read:agent', work: 'lookup' }, schema: { querystring: StreamQuery }, exposeHeadRoute: false },
    async (request, reply) => {
      const from = readLastId(request);
      if (open.size >= MOST_STREAMS) {
        const detail = `this instance has ${MOST_STREAMS} streams open, and no more`;
        return sendProblem(reply, 'overloaded', { detail, retryAfterMs: RETRY_MS });
      }
      const follower = await Follower.open(region, readWanted(request.query as StreamQuery), from);
      const stream = new StreamBody({
        news: (signal) => follower.news(signal),
        lifeMs: lifeOf(request, region.clock),
        onEnd: (reason) => region.metrics.streamEnds.inc({ reason }),
      });
      open.add(stream);
      if (isClosing) stream.end('draining');
      region.metrics.streams.set(open.size);
      stream.body.once('close', () => {
        open.delete(stream);
        region.metrics.streams.set(open.size);
        stream.end('left');
      });
      // A proxy that gathers an answer before it passes it on would pass on nothing.
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      return reply.type('text/event-stream').send(stream.body);
    },
  );
}

/** How long what the caller has shown is still good, in ms; undefined: for ever. */
function lifeOf({ caller }: FastifyRequest, clock: Clock): number | undefined {
  const untilMs = caller?.kind === 'anybody' ? undefined : caller?.untilMs;
  return untilMs === undefined ? undefined : untilMs - clock.nowMs();
}

function readWanted({ events, home }: StreamQuery): Wanted {
  const told = new Set(events === undefined ? TOLD : (events.split(',') as StreamTopic[]));
  return { told, home };
}

/** @throws InvalidRequest */
function readLastId({ headers }: FastifyRequest): Bookmark | undefined {
  const text = String(headers[LAST_EVENT_ID] ?? '');
  if (text === '') return undefined;
  try {
    if (text.length > LONGEST_ID) throw new InvalidBookmark(`must be of ${LONGEST_ID} characters at most`);
    return readBookmark(text);
  } catch (error) {
    if (!(error instanceof InvalidBookmark)) throw error;
    throw new InvalidRequest([{ field: LAST_EVENT_ID, message: error.message }]);
  }
}
