import { type Static, type TSchema, Type } from 'typebox';
import type { Claim, Facets, Interaction, Profile, Version } from './facets.ts';

/**
 * Facets as they travel, in events and in answers: `snake_case`, each with the time and the event it comes from. A
 * facet that names neither takes those of the event it is in.
 */
export const closed = { additionalProperties: false };

const Name = Type.String({ minLength: 1, maxLength: 200 });
/** Seconds or milliseconds since the epoch. */
export const Time = Type.Number({ description: 'Seconds or milliseconds since the epoch' });
export const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: 60 }));

const stamped = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object({ at: Type.Optional(Time), event_id: Type.Optional(Name), ...properties }, closed);

export const WireFacets = {
  profile: Type.Optional(
    stamped({
      name: Type.Optional(Type.String({ maxLength: 200 })),
      queues: Type.Optional(Type.Array(Name, { maxItems: 200 })),
      skills: Type.Optional(
        Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.Number({ minimum: 0, maximum: 100 })),
      ),
      tenure_days: Type.Optional(Type.Number({ minimum: 0, maximum: 36_500 })),
    }),
  ),
  presence: Type.Optional(stamped({ state: Type.Enum(['ON_DUTY', 'PAUSED', 'OFF_DUTY']), reason: Reason })),
  activity: Type.Optional(
    stamped({ state: Type.Enum(['IDLE', 'INTERACTING', 'WRAP_UP', 'NOT_RESPONDING']), reason: Reason }),
  ),
  interaction: Type.Optional(
    stamped({
      call_id: Name,
      state: Type.Enum(['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED']),
      connected_at: Type.Optional(Time),
    }),
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
        by: Type.Optional(Name),
        remaining_ms: Type.Optional(Type.Integer({ minimum: 0 })),
      },
      closed,
    ),
  ),
  origin: Type.Optional(stamped({ region: Name })),
};
const WireFacetsObject = Type.Object(WireFacets, closed);
export type WireFacets = Static<typeof WireFacetsObject>;

/** Turns a time on the wire into ms; may refuse it, naming the field. */
export type ReadTime = (time: number, field: string) => number;

/** Reads facets; `from` stands in for what a facet does not say of its own version. */
export function readFacets(wire: WireFacets, from: Version, toMs: ReadTime): Facets {
  const version = ({ at, event_id }: { at?: number; event_id?: string }, name: string): Version => ({
    at: at === undefined ? from.at : toMs(at, `/${name}/at`),
    id: event_id ?? from.id,
  });
  const facets: Facets = {};
  const { profile, presence, activity, interaction, claim, origin } = wire;
  if (profile) facets.profile = { ...readProfile(profile), ...version(profile, 'profile') };
  if (presence) facets.presence = { state: presence.state, ...reason(presence), ...version(presence, 'presence') };
  if (activity) facets.activity = { state: activity.state, ...reason(activity), ...version(activity, 'activity') };
  if (interaction)
    facets.interaction = { ...readInteraction(interaction, toMs), ...version(interaction, 'interaction') };
  if (claim) facets.claim = readClaim(claim);
  if (origin) facets.origin = { region: origin.region, ...version(origin, 'origin') };
  return facets;
}

/** Writes facets, leaving out what `from` already says of their versions. */
export function writeFacets(facets: Facets, from?: Version): WireFacets {
  const version = ({ at, id }: Version) => ({
    ...(at !== from?.at && { at }),
    ...(id !== from?.id && { event_id: id }),
  });
  const wire: WireFacets = {};
  const { profile, presence, activity, interaction, claim, origin } = facets;
  if (profile) {
    const { name, queues, skills, tenureDays } = profile;
    wire.profile = { ...version(profile), name, queues, skills, tenure_days: tenureDays };
  }
  if (presence) wire.presence = { ...version(presence), state: presence.state, ...reason(presence) };
  if (activity) wire.activity = { ...version(activity), state: activity.state, ...reason(activity) };
  if (interaction) {
    const { callId, state, connectedAt } = interaction;
    wire.interaction = {
      ...version(interaction),
      call_id: callId,
      state,
      ...(connectedAt && { connected_at: connectedAt }),
    };
  }
  if (claim) {
    const { fence, state, untilMs, callId, queue, completedAtMs, by, remainingMs } = claim;
    wire.claim = { fence, state, until: untilMs, call_id: callId, queue, completed_at: completedAtMs };
    if (by !== undefined) wire.claim.by = by;
    if (remainingMs !== undefined) wire.claim.remaining_ms = remainingMs;
  }
  if (origin) wire.origin = { ...version(origin), region: origin.region };
  return wire;
}

const reason = (facet: { reason?: string }): { reason?: string } => (facet.reason ? { reason: facet.reason } : {});

function readProfile(wire: NonNullable<WireFacets['profile']>): Profile {
  const { name = '', queues = [], skills = {}, tenure_days = 0 } = wire;
  return { name, queues, skills, tenureDays: tenure_days };
}

function readInteraction(wire: NonNullable<WireFacets['interaction']>, toMs: ReadTime): Interaction {
  const { call_id, state, connected_at } = wire;
  if (connected_at === undefined) return { callId: call_id, state };
  return { callId: call_id, state, connectedAt: toMs(connected_at, '/interaction/connected_at') };
}

function readClaim(wire: NonNullable<WireFacets['claim']>): Claim {
  const { fence, state, until, call_id, queue, completed_at, by, remaining_ms } = wire;
  const claim: Claim = { fence, state, untilMs: until, callId: call_id, queue, completedAtMs: completed_at };
  if (by !== undefined) claim.by = by;
  if (remaining_ms !== undefined) claim.remainingMs = remaining_ms;
  return claim;
}
