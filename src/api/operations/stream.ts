import { StreamQuery, StreamText } from '../../contract/stream.ts';
import type { Operation } from './operation.ts';

export const streamOperations = {
  getStream: {
    method: 'GET',
    path: '/v1/stream',
    tag: 'Agents',
    access: 'read:agent',
    summary: 'Be told of what changes',
    description:
      'Server-sent events, of everything that any instance of the region does: `agent`, how somebody is now; `claim`, one that was ' +
      'granted or has moved on; `region`, how a region is: all of them at first, and then whatever changes. Whoever comes back with ' +
      '`Last-Event-ID` is told what came meanwhile; where that is not known any more the event `reset` says to read everything anew. ' +
      'A line of comment comes at least every 10 s. See docs/api.md.',
    repeatable: 'it changes nothing.',
    query: StreamQuery,
    headers: ['last-event-id'],
    answers: {
      200: {
        description: 'The stream, until either side ends it, or the token expires.',
        schema: StreamText,
        type: 'text/event-stream',
        headers: ['cache-control', 'x-accel-buffering'],
      },
    },
    problems: ['invalid_request', 'shard_unavailable'],
  },
} as const satisfies Record<string, Operation>;
