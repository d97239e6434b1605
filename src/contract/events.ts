import { type Static, type TSchema, Type } from 'typebox';
import { EventPayload } from '../agent/event.ts';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { closed } from '../agent/wire.ts';
import { Count, Name, OneOf } from './fields.ts';

export const MAX_BATCH = REQUEST_LIMITS.events.most;

// Claims, what is forgotten and who is are Muster's own to say.
const {
  claim: _claim,
  digital_claims: _claims,
  interactions_since: _since,
  forgotten: _forgotten,
  ...reported
} = EventPayload.properties;
/** What an event must have beside who and when. */
const TELLING = ['status', 'profile', 'presence', 'activity', 'interactions'] as const;

const ReportedEvent = Type.Object(reported, {
  ...closed,
  anyOf: TELLING.map((name) => ({ required: [name] })),
  $id: 'Event',
  description:
    'A change to one agent. In the plain form it is a `status` and a `reason`; in the full form the facets that changed, ' +
    'each a register that keeps the newest value it was shown. `timestamp` and `at` are the time of the platform, in ' +
    'seconds or ms; one that lies in the future is taken as now.',
});

export const EventsBody = Type.Union([ReportedEvent, Type.Array(ReportedEvent, { minItems: 1, maxItems: MAX_BATCH })], {
  description: `One event, or up to ${MAX_BATCH}: all are accepted, or none.`,
});

export const EventsAnswer = Type.Object(
  {
    accepted: Count('How many.'),
    replicated: Type.Boolean({
      description: 'False if no replica has all of them: a failover could forget some before the bus has them.',
    }),
    events: Type.Array(
      Type.Object(
        {
          event_id: Name('Of the event, in the order of the request.'),
          outcome: OneOf(
            ['applied', 'duplicate', 'outdated', 'deferred'],
            'What it did here. `duplicate`: it was here already, sent before or brought by the bus meanwhile; `deferred`: the ' +
              'store, or a replica of it, does not have it yet, and the bus will bring it.',
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'EventsAccepted', description: 'The events are safe, and every region will hear of them.' },
);
export type EventsAnswer = Static<typeof EventsAnswer>;

export const PushAnswer = Type.Object(
  {
    accepted: Count('Facts that were taken, whether news or known already.'),
    hints: Count('Agents the platform is asked about.'),
    ignored: Count('Records that say nothing about an agent.'),
  },
  { ...closed, $id: 'PushAccepted', description: 'What became of a push; the same whenever it comes again.' },
);
export type PushAnswer = Static<typeof PushAnswer>;

/** Its form is the platform's; what it may be is said in docs/webhooks.md. */
export const PushBody: TSchema = Type.Unsafe({
  anyOf: [{ type: 'object' }, { type: 'array' }],
  description: 'What the platform, or a script on it, pushes: one record, or several.',
});
export const PushPath = Type.Object({
  connection: Type.String({
    minLength: 1,
    maxLength: REQUEST_LIMITS.idInPath.most,
    description: 'A connection of the config that has `push`.',
  }),
});
