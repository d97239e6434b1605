import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Activity, Claim, Facets, Interaction, Presence, Profile, Stamped } from './facets.ts';
import { STATUSES, type Status, type StatusAnswer } from './status.ts';

/** A change to one agent, as every region sees it. */
export interface AgentEvent {
  eventId: string;
  agentId: string;
  /** Platform time in ms. A facet without an `at` of its own takes this one. */
  timestampMs: number;
  /** The region that accepted the event. */
  region: string;
  /** What brought it, e.g. `reconcile`; absent for the ordinary course of things. */
  source?: string;
  facets: Facets;
}

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Time = Type.Number({ description: 'Seconds or milliseconds since the epoch' });
const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 60 }));
const At = Type.Optional(Time);
const closed = { additionalProperties: false };

/** The facets as they travel, in `snake_case`; each may carry an `at` of its own. */
export const EventPayload = Type.Object(
  {
    event_id: Id,
    timestamp: Time,
    agent_id: Id,
    status: Type.Optional(Type.Enum([...STATUSES])),
    reason: Reason,
    region_source: Type.Optional(Id),
    source: Type.Optional(Id),
    profile: Type.Optional(
      Type.Object(
        {
          at: At,
          name: Type.Optional(Type.String({ maxLength: 200 })),
          queues: Type.Optional(Type.Array(Id, { maxItems: 200 })),
          skills: Type.Optional(
            Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.Number({ minimum: 0, maximum: 100 })),
          ),
          tenure_days: Type.Optional(Type.Number({ minimum: 0, maximum: 36_500 })),
        },
        closed,
      ),
    ),
    presence: Type.Optional(
      Type.Object({ at: At, state: Type.Enum(['ON_DUTY', 'PAUSED', 'OFF_DUTY']), reason: Reason }, closed),
    ),
    activity: Type.Optional(
      Type.Object(
        { at: At, state: Type.Enum(['IDLE', 'INTERACTING', 'WRAP_UP', 'NOT_RESPONDING']), reason: Reason },
        closed,
      ),
    ),
    interaction: Type.Optional(
      Type.Object(
        {
          at: At,
          call_id: Id,
          state: Type.Enum(['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED']),
          connected_at: Type.Optional(Time),
        },
        closed,
      ),
    ),
    claim: Type.Optional(
      Type.Object(
        {
          fence: Type.Integer({ minimum: 1 }),
          state: Type.Enum(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED']),
          until: Type.Integer({ minimum: 0 }),
          call_id: Type.String({ maxLength: 200 }),
          queue: Type.String({ maxLength: 200 }),
          completed_at: Type.Integer({ minimum: 0 }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type EventPayload = Static<typeof EventPayload>;

/** Timestamps at or above this are milliseconds (as seconds they would lie in the year 5138). */
const FIRST_MILLISECOND = 1e11;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const FUTURE_TOLERANCE_MS = 5 * 60_000;

/** A payload that cannot be an event; `field` is a JSON pointer to what is wrong. */
export class InvalidEvent extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export interface Reading {
  event: AgentEvent;
  /** How far the furthest timestamp lay beyond the tolerance, in ms, when it had to be clamped to now; else 0. */
  clampedByMs: number;
}

export interface ReadingContext {
  /** The region that reads it: the default for `region_source`. */
  region: string;
  nowMs: number;
  /**
   * Whether `status` beside a profile is the sender's report (the plain form, from anybody) or, in Muster's own
   * messages, only a summary of the agent for readers that look at nothing else.
   */
  status: 'report' | 'summary';
}

/**
 * Reads a payload, plain or with facets, into an event. Seconds become milliseconds; a time more than 5 minutes
 * ahead of `nowMs` is clamped to it, so one bad clock cannot pin a facet for ever.
 * @throws InvalidEvent naming the field
 */
export function readEvent(payload: unknown, { region, nowMs, status }: ReadingContext): Reading {
  if (!Value.Check(EventPayload, payload)) {
    const error = Value.Errors(EventPayload, payload)[0];
    throw new InvalidEvent(fieldOf(error), error?.message ?? 'is not an event');
  }
  let clampedByMs = 0;
  const toMs = (value: number, field: string): number => {
    const ms = Math.round(value < FIRST_MILLISECOND ? value * 1000 : value);
    if (ms < EARLIEST_MS) throw new InvalidEvent(field, 'must be a time after 2000-01-01, in seconds or milliseconds');
    if (ms <= nowMs + FUTURE_TOLERANCE_MS) return ms;
    clampedByMs = Math.max(clampedByMs, ms - nowMs - FUTURE_TOLERANCE_MS);
    return nowMs;
  };
  const timestampMs = toMs(payload.timestamp, '/timestamp');
  const facets = readFacets(payload, timestampMs, toMs, status);
  if (Object.keys(facets).length === 0) throw new InvalidEvent('/status', 'is needed where no facet is given');
  const event: AgentEvent = {
    eventId: payload.event_id,
    agentId: payload.agent_id,
    timestampMs,
    region: payload.region_source ?? region,
    facets,
  };
  if (payload.source) event.source = payload.source;
  return { event, clampedByMs };
}

function readFacets(
  payload: EventPayload,
  timestampMs: number,
  toMs: (time: number, field: string) => number,
  status: ReadingContext['status'],
): Facets {
  const id = payload.event_id;
  const stamp = <T extends { at?: number }>(facet: T, name: string): T & { at: number; id: string } => ({
    ...facet,
    at: facet.at === undefined ? timestampMs : toMs(facet.at, `/${name}/at`),
    id,
  });
  const isPlain = !payload.presence && !payload.activity && !payload.interaction && !payload.claim;
  const reports = isPlain && (status === 'report' || !payload.profile);
  const facets = payload.status && reports ? plainFacets(payload.status, payload.reason, timestampMs, id) : {};
  if (payload.profile) {
    const { name = payload.agent_id, queues = [], skills = {}, tenure_days = 0, at } = payload.profile;
    const profile: Profile & { at?: number } = { name, queues, skills, tenureDays: tenure_days };
    if (at !== undefined) profile.at = at;
    facets.profile = stamp(profile, 'profile');
  }
  if (payload.presence) facets.presence = stamp(payload.presence, 'presence');
  if (payload.activity) facets.activity = stamp(payload.activity, 'activity');
  if (payload.interaction) {
    const { call_id, state, connected_at, at } = payload.interaction;
    const interaction: Interaction & { at?: number } = { callId: call_id, state };
    if (at !== undefined) interaction.at = at;
    if (connected_at !== undefined) interaction.connectedAt = toMs(connected_at, '/interaction/connected_at');
    facets.interaction = stamp(interaction, 'interaction');
  }
  if (payload.claim) {
    const { fence, state, until, call_id, queue, completed_at } = payload.claim;
    facets.claim = { fence, state, untilMs: until, callId: call_id, queue, completedAtMs: completed_at };
  }
  return facets;
}

const PAUSES = ['BREAK', 'MEAL', 'MEETING', 'TRAINING', 'AWAY', 'PAUSED'];

/** What the plain form `{status, reason}` says, as facets. */
function plainFacets(status: Status, reason: string | undefined, at: number, id: string): Facets {
  const presence = (state: Presence['state'], why?: string): Stamped<Presence> => ({
    state,
    ...(why && { reason: why }),
    at,
    id,
  });
  const activity = (state: Activity['state']): Stamped<Activity> => ({ state, at, id });
  if (status === 'OFFLINE') return { presence: presence('OFF_DUTY', reason) };
  if (status === 'AVAILABLE') return { presence: presence('ON_DUTY'), activity: activity('IDLE') };
  if (reason && PAUSES.includes(reason)) return { presence: presence('PAUSED', reason) };
  if (reason === 'WRAP_UP' || reason === 'NOT_RESPONDING')
    return { presence: presence('ON_DUTY'), activity: activity(reason) };
  const busy: Stamped<Activity> = { ...activity('INTERACTING'), ...(reason && { reason }) };
  return { presence: presence('ON_DUTY'), activity: busy };
}

/**
 * The payload every region reads: the facets that changed.
 * @param answer the agent's status with this change, for readers that look at nothing else
 */
export function writeEvent(event: AgentEvent, answer: StatusAnswer): EventPayload {
  const { profile, presence, activity, interaction, claim } = event.facets;
  const payload: EventPayload = {
    event_id: event.eventId,
    timestamp: event.timestampMs,
    agent_id: event.agentId,
    status: answer.status,
    region_source: event.region,
  };
  if (answer.reason) payload.reason = answer.reason;
  if (event.source) payload.source = event.source;
  if (profile)
    payload.profile = {
      at: profile.at,
      name: profile.name,
      queues: profile.queues,
      skills: profile.skills,
      tenure_days: profile.tenureDays,
    };
  if (presence) payload.presence = withoutId(presence);
  if (activity) payload.activity = withoutId(activity);
  if (interaction) {
    const { callId, state, at, connectedAt } = interaction;
    payload.interaction = { at, call_id: callId, state, ...(connectedAt && { connected_at: connectedAt }) };
  }
  if (claim) payload.claim = writeClaim(claim);
  return payload;
}

function withoutId<T extends { id: string }>({ id: _, ...facet }: T): Omit<T, 'id'> {
  return facet;
}

function writeClaim(claim: Claim): NonNullable<EventPayload['claim']> {
  const { fence, state, untilMs, callId, queue, completedAtMs } = claim;
  return { fence, state, until: untilMs, call_id: callId, queue, completed_at: completedAtMs };
}

function fieldOf(error: { instancePath: string; params?: unknown } | undefined): string {
  const params = (error?.params ?? {}) as { requiredProperties?: string[]; additionalProperties?: string[] };
  const inner = params.requiredProperties?.[0] ?? params.additionalProperties?.[0];
  return `${error?.instancePath ?? ''}${inner ? `/${inner}` : ''}` || '/';
}
