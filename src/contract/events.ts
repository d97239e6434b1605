import { type Static, type TSchema, Type } from 'typebox';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { closed, EventPayload } from '../agent/wire.ts';
import { Count, Name, OneOf } from './fields.ts';

export const MAX_BATCH = REQUEST_LIMITS.events.most;

// Only Muster itself reports claims, interaction floors and tombstones.
const {
  claim: _claim,
  digital_claims: _claims,
  interactions_since: _since,
  forgotten: _forgotten,
  ...reported
} = EventPayload.properties;
/** Members of which an event needs at least one. */
const REPORTING = ['status', 'profile', 'presence', 'activity', 'interactions'] as const;

const ReportedEvent = Type.Object(reported, {
  ...closed,
  anyOf: REPORTING.map((name) => ({ required: [name] })),
  $id: 'Event',
  description:
    'A change to one agent: in the plain form a `status` and a `reason`, in the full form the facets that changed. Each facet ' +
    'keeps its newest value. `timestamp` and `at` are platform time in seconds or ms; a time in the future counts as now.',
});

export const EventsBody = Type.Union([ReportedEvent, Type.Array(ReportedEvent, { minItems: 1, maxItems: MAX_BATCH })], {
  description: `One event, or up to ${MAX_BATCH}. Either all are accepted or none.`,
});

export const EventsAnswer = Type.Object(
  {
    accepted: Count('Number of accepted events.'),
    replicated: Type.Boolean({
      description: 'False if no replica has all events: a failover could lose some before the bus has them.',
    }),
    events: Type.Array(
      Type.Object(
        {
          event_id: Name('The id of the event. Events are in the order of the request.'),
          outcome: OneOf(
            ['applied', 'duplicate', 'outdated'],
            'Effect in this region. `duplicate`: it had been applied before, by a request or from the bus. `outdated`: the region ' +
              'has newer values.',
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, $id: 'EventsAccepted', description: 'The events are stored and will reach every region.' },
);
export type EventsAnswer = Static<typeof EventsAnswer>;

export const PushAnswer = Type.Object(
  {
    accepted: Count('Facts that were accepted, new or known.'),
    hints: Count('Agents about which the platform will be asked.'),
    ignored: Count('Records without information about an agent.'),
  },
  { ...closed, $id: 'PushAccepted', description: 'The outcome of a push; the same if the push is repeated.' },
);
export type PushAnswer = Static<typeof PushAnswer>;

/** The form depends on the platform; docs/webhooks.md describes it. */
export const PushBody: TSchema = Type.Unsafe({
  anyOf: [{ type: 'object' }, { type: 'array' }],
  description: 'One record or several, from the platform or a script on it.',
});
export const PushPath = Type.Object({
  connection: Type.String({
    minLength: 1,
    maxLength: REQUEST_LIMITS.idInPath.most,
    description: 'A connection of the config with `push`.',
  }),
});
