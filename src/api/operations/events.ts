import { EventsAnswer, EventsBody, PushAnswer, PushBody, PushPath } from '../../contract/events.ts';
import { IN_BODY, KEYED, type Operation, REPLAYED } from './operation.ts';

export const eventOperations = {
  sendEvents: {
    method: 'POST',
    path: '/v1/events',
    tag: 'Events',
    access: 'write:agent:status',
    summary: 'Tell of changes to agents',
    description: 'Accepted means safe: every region hears of it, in whatever order, however often.',
    repeatable: 'an event that comes again changes nothing.',
    headers: ['idempotency-key'],
    body: { schema: EventsBody },
    answers: {
      202: { description: 'All are accepted.', schema: EventsAnswer, headers: ['muster-consistency', ...REPLAYED] },
    },
    problems: [...IN_BODY, 'outbox_full', 'not_replicated', ...KEYED],
  },
  pushEvents: {
    method: 'POST',
    path: '/v1/platforms/{connection}/events',
    tag: 'Events',
    access: 'platform',
    summary: 'What a platform, or a script on it, pushes',
    description:
      'The sender signs the body, or shows the secret in `authorization: Bearer`, as `push` of the connection says. What a ' +
      'record may be is up to the platform: see docs/webhooks.md.',
    repeatable: "every fact carries the platform's own time, and one that comes again changes nothing.",
    params: PushPath,
    headers: ['x-muster-signature'],
    body: { schema: PushBody },
    answers: { 202: { description: 'All of it was taken.', schema: PushAnswer } },
    problems: [...IN_BODY, 'pushes_not_set_up', 'outbox_full', 'not_replicated', 'shard_unavailable'],
  },
} as const satisfies Record<string, Operation>;
