import type { FastifyRequest } from 'fastify';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
import { STREAM_TOPICS, StreamQuery, StreamText, type StreamTopic } from '../../contract/stream.ts';
import type { Clock } from '../../ops/clock.ts';
import { type Bookmark, InvalidBookmark, readBookmark } from '../../routing/consistency/bookmark.ts';
import { Follower, type StreamFilter } from '../../routing/lookup/follow.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { StreamBody } from '../stream/stream-body.ts';
import { type Operation, operation } from './operation.ts';

/** Most open streams of an instance. Each reads the store ten times a second. */
const MOST_STREAMS = 100;
const RETRY_MS = 5000;
const LAST_EVENT_ID = 'last-event-id';
const LONGEST_ID = REQUEST_LIMITS.lastEventId.most;

export const streamOperations = {
  getStream: operation({
    method: 'GET',
    path: '/v1/stream',
    tag: 'Agents',
    access: 'read:agent',
    work: 'lookup',
    summary: 'Follow changes',
    description:
      'Server-sent events about all changes of the region, by whichever instance: `agent`, the state of an agent; `claim`, a claim ' +
      'that was granted or changed; `region`, the state of a region: all regions at first, then those that change. A client that ' +
      'reconnects with `Last-Event-ID` gets the events in between; if they are no longer known, the event `reset` tells it to read ' +
      'everything again. A comment line comes at least every 10 s. See docs/api.md.',
    repeatable: 'it changes nothing.',
    query: StreamQuery,
    headers: [LAST_EVENT_ID],
    // A stream has no length or content to announce.
    noHead: true,
    answers: {
      200: {
        description: 'The stream, until either side ends it or the token expires.',
        schema: StreamText,
        type: 'text/event-stream',
        headers: ['cache-control', 'x-accel-buffering'],
      },
    },
    problems: ['invalid_request', 'shard_unavailable'],
    handler: async (request, reply) => {
      const { region, streams } = request.server.context;
      const from = readLastId(request.headers[LAST_EVENT_ID]);
      if (streams.size >= MOST_STREAMS) {
        const detail = `this instance has ${MOST_STREAMS} streams open, its maximum`;
        return sendProblem(reply, 'overloaded', { detail, retryAfterMs: RETRY_MS });
      }
      const follower = await Follower.open(region, readFilter(request.query), from);
      const stream = new StreamBody({
        events: (signal) => follower.events(signal),
        lifeMs: lifeOf(request, region.clock),
        onEnd: (reason) => region.metrics.streamEnds.inc({ reason }),
      });
      streams.add(stream);
      // Proxies must not cache the stream or buffer it.
      reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no');
      return reply.type('text/event-stream').send(stream.body);
    },
  }),
} as const satisfies Record<string, Operation>;

/** Remaining validity of the caller's token, in ms; undefined: no limit. */
function lifeOf({ caller }: Pick<FastifyRequest, 'caller'>, clock: Clock): number | undefined {
  const untilMs = caller?.kind === 'anybody' ? undefined : caller?.untilMs;
  return untilMs === undefined ? undefined : untilMs - clock.nowMs();
}

function readFilter({ events, home }: StreamQuery): StreamFilter {
  const topics = new Set(events === undefined ? STREAM_TOPICS : (events.split(',') as StreamTopic[]));
  return { topics, home };
}

/** @throws InvalidRequest */
function readLastId(text = ''): Bookmark | undefined {
  if (text === '') return undefined;
  try {
    if (text.length > LONGEST_ID) throw new InvalidBookmark(`must have at most ${LONGEST_ID} characters`);
    return readBookmark(text);
  } catch (error) {
    if (!(error instanceof InvalidBookmark)) throw error;
    throw new InvalidRequest([{ field: LAST_EVENT_ID, message: error.message }]);
  }
}
