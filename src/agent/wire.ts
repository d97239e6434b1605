import { type Static, type TSchema, Type } from 'typebox';
import {
  type Capacity,
  type Claim,
  claimFacet,
  claimsOf,
  compareTexts,
  compareVersions,
  END_REASONS,
  type Facets,
  type Interaction,
  interactionsFacet,
  interactionsOf,
  MEDIA,
  type Media,
  type Profile,
  type Version,
} from './facets.ts';
import { CLAIM_NUMBERS, RECORD_LIMITS, TEXT_LIMITS } from './limits.ts';
import { STATUSES, type StatusAnswer, UNIT_NAME } from './status.ts';

/**
 * Wire format of facets in events and answers: `snake_case`, each facet with its time and event id. A facet without them
 * has those of the event that contains it.
 */
export const closed = { additionalProperties: false };

const longest = TEXT_LIMITS.name.most;
const Name = Type.String({ minLength: 1, maxLength: longest });
/** A pattern limits the length, because schemas do not check `maxLength` of keys. */
export const SkillName = Type.String({ pattern: `^[\\s\\S]{1,${TEXT_LIMITS.skillName.most}}$` });
/** Seconds or milliseconds since the epoch. */
const Time = Type.Number({ description: 'Seconds or milliseconds since the epoch' });
const Reason = Type.Optional(Type.String({ minLength: 1, maxLength: TEXT_LIMITS.reason.most }));

const stamped = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object({ at: Type.Optional(Time), event_id: Type.Optional(Name), ...properties }, closed);

const MediaName = Type.Enum([...MEDIA]);

const WireCapacity = Type.Object(
  {
    media: Type.Record(
      Type.String({ pattern: `^(${MEDIA.join('|')})$` }),
      Type.Object(
        {
          units: Type.Integer({ minimum: 0, maximum: RECORD_LIMITS.units.most }),
          beside: Type.Optional(Type.Array(MediaName, { maxItems: MEDIA.length })),
        },
        closed,
      ),
      closed,
    ),
    total: Type.Optional(Type.Integer({ minimum: 1, maximum: RECORD_LIMITS.unitsInAll.most })),
  },
  closed,
);

type WireCapacity = Static<typeof WireCapacity>;

const WireInteraction = stamped({
  call_id: Name,
  state: Type.Enum(['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED']),
  connected_at: Type.Optional(Time),
  began_at: Type.Optional(Time),
  media: Type.Optional(MediaName),
  acd: Type.Optional(
    Type.Literal(false, { description: 'A non-ACD interaction: the agent can be `IDLE` while it goes on.' }),
  ),
});

const WireClaim = {
  fence: Type.Integer({ minimum: 1, maximum: CLAIM_NUMBERS.fence }),
  state: Type.Enum(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED']),
  until: Type.Integer({ minimum: 0, maximum: CLAIM_NUMBERS.timeMs }),
  call_id: Type.String({ maxLength: longest }),
  queue: Type.String({ maxLength: longest }),
  completed_at: Type.Integer({ minimum: 0, maximum: CLAIM_NUMBERS.timeMs }),
  by: Type.Optional(Name),
  remaining_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: CLAIM_NUMBERS.remainingMs })),
  end_reason: Type.Optional(Type.Enum([...END_REASONS])),
};
const Unit = Type.String({ pattern: `^${UNIT_NAME}$` });

export const WireFacets = {
  forgotten: Type.Optional(
    Type.Object(
      { at: Type.Optional(Time), event_id: Type.Optional(Name) },
      { ...closed, description: 'The agent was forgotten: reports up to `at` are ignored.' },
    ),
  ),
  profile: Type.Optional(
    stamped({
      name: Type.Optional(Type.String({ maxLength: longest })),
      queues: Type.Optional(Type.Array(Name, { maxItems: RECORD_LIMITS.queues.most })),
      skills: Type.Optional(
        Type.Record(SkillName, Type.Number({ minimum: 0, maximum: 100 }), {
          ...closed,
          maxProperties: RECORD_LIMITS.skills.most,
        }),
      ),
      tenure_days: Type.Optional(Type.Number({ minimum: 0, maximum: 36_500 })),
      capacity: Type.Optional(WireCapacity),
    }),
  ),
  presence: Type.Optional(
    stamped({
      state: Type.Enum(['ON_DUTY', 'PAUSED', 'OFF_DUTY']),
      reason: Reason,
      plain: Type.Optional(
        Type.Literal(true, {
          description: 'Reported as a plain `status`: the agent is available without an activity.',
        }),
      ),
    }),
  ),
  activity: Type.Optional(
    stamped({ state: Type.Enum(['IDLE', 'INTERACTING', 'WRAP_UP', 'NOT_RESPONDING']), reason: Reason }),
  ),
  /** Interactions that are not listed stay as they are. */
  interactions: Type.Optional(Type.Array(WireInteraction, { minItems: 1, maxItems: RECORD_LIMITS.interactions.most })),
  /** The interaction floor, in ms. Only Muster sets it. */
  interactions_since: Type.Optional(Type.Integer({ minimum: 0 })),
  claim: Type.Optional(Type.Object(WireClaim, closed)),
  /** Claims on units other than `voice`. */
  digital_claims: Type.Optional(
    Type.Array(Type.Object({ unit: Unit, ...WireClaim }, closed), { maxItems: RECORD_LIMITS.claims.most }),
  ),
};
const WireFacetsObject = Type.Object(WireFacets, closed);
export type WireFacets = Static<typeof WireFacetsObject>;

/** Converts a time to ms. Throws an error that names the field if the time is not allowed. */
type ReadTime = (time: number, field: string) => number;

/** Parses facets. @param from version of facets that have none of their own */
export function readFacets(wire: WireFacets, from: Version, toMs: ReadTime): Facets {
  const version = ({ at, event_id }: { at?: number; event_id?: string }, name: string): Version => ({
    at: at === undefined ? from.at : toMs(at, `/${name}/at`),
    id: event_id ?? from.id,
  });
  const facets: Facets = {};
  const { profile, presence, activity, interactions = [], interactions_since, claim, digital_claims = [] } = wire;
  if (wire.forgotten) facets.forgotten = version(wire.forgotten, 'forgotten');
  if (profile) facets.profile = { ...readProfile(profile), ...version(profile, 'profile') };
  if (presence) {
    const { state, plain } = presence;
    facets.presence = {
      state,
      ...reason(presence),
      ...(plain && { isPlain: plain }),
      ...version(presence, 'presence'),
    };
  }
  if (activity) facets.activity = { state: activity.state, ...reason(activity), ...version(activity, 'activity') };
  if (interactions.length > 0 || interactions_since !== undefined) {
    const read = interactions.map((one) => ({ ...readInteraction(one, toMs), ...version(one, 'interactions') }));
    // If a call is listed twice, the newer entry counts: later entries replace earlier ones.
    facets.interactions = interactionsFacet(...read.sort(compareVersions)).interactions;
    if (interactions_since !== undefined) facets.interactions.forgottenBefore = interactions_since;
  }
  for (const one of [...(claim ? [claim] : []), ...digital_claims]) addClaim(facets, claimFacet(readClaim(one)));
  return facets;
}

/** Adds a claim to the facet of its unit. */
function addClaim(facets: Facets, { digitalClaims, ...others }: Facets): void {
  Object.assign(facets, others);
  if (digitalClaims) facets.digitalClaims = { ...facets.digitalClaims, ...digitalClaims };
}

/** Formats facets in a fixed order. @param from version that facets may omit because the event carries it */
export function writeFacets(facets: Facets, from?: Version): WireFacets {
  const version = ({ at, id }: Version) => ({
    ...(at !== from?.at && { at }),
    ...(id !== from?.id && { event_id: id }),
  });
  const wire: WireFacets = {};
  const { profile, presence, activity, interactions } = facets;
  if (facets.forgotten) wire.forgotten = version(facets.forgotten);
  if (profile) wire.profile = { ...version(profile), ...writeProfile(profile) };
  if (presence) {
    const { state, isPlain } = presence;
    wire.presence = { ...version(presence), state, ...reason(presence), ...(isPlain && { plain: isPlain }) };
  }
  if (activity) wire.activity = { ...version(activity), state: activity.state, ...reason(activity) };
  const inOrder = interactionsOf(facets).sort((a, b) => compareVersions(a, b) || compareTexts(a.callId, b.callId));
  const written = inOrder.map((one) => ({ ...version(one), ...writeInteraction(one) }));
  if (written.length > 0) wire.interactions = written;
  if (interactions?.forgottenBefore !== undefined) wire.interactions_since = interactions.forgottenBefore;
  for (const claim of claimsOf(facets)) {
    const { unit } = claim;
    if (unit === undefined) wire.claim = writeClaim(claim);
    else wire.digital_claims = [...(wire.digital_claims ?? []), { unit, ...writeClaim(claim) }];
  }
  return wire;
}

const reason = (facet: { reason?: string }): { reason?: string } => (facet.reason ? { reason: facet.reason } : {});

function readProfile(wire: NonNullable<WireFacets['profile']>): Profile {
  const { name = '', queues = [], skills = {}, tenure_days = 0, capacity } = wire;
  return { name, queues, skills, tenureDays: tenure_days, ...(capacity && { capacity: readCapacity(capacity) }) };
}

function writeProfile({ name, queues, skills, tenureDays, capacity }: Profile): NonNullable<WireFacets['profile']> {
  const carries = capacity && { capacity: capacity as WireCapacity };
  return { name, queues, skills, tenure_days: tenureDays, ...carries };
}

function readCapacity({ media, total }: WireCapacity): Capacity {
  const entries = Object.entries(media) as [Media, { units: number; beside?: Media[] }][];
  const each = entries.map(([name, { units, beside = [] }]) => [name, { units, beside }] as const);
  return { media: Object.fromEntries(each), ...(total !== undefined && { total }) };
}

function writeInteraction({ callId, state, connectedAt, beganAt, media, isAcd }: Interaction) {
  const connected = connectedAt !== undefined && { connected_at: connectedAt };
  const began = beganAt !== undefined && { began_at: beganAt };
  return { call_id: callId, state, media, ...connected, ...began, ...(isAcd === false && { acd: isAcd }) };
}

function writeClaim({ fence, state, untilMs, callId, queue, completedAtMs, by, remainingMs, endReason }: Claim) {
  return {
    fence,
    state,
    until: untilMs,
    call_id: callId,
    queue,
    completed_at: completedAtMs,
    ...(by !== undefined && { by }),
    ...(remainingMs !== undefined && { remaining_ms: remainingMs }),
    ...(endReason !== undefined && { end_reason: endReason }),
  };
}

function readInteraction(wire: Static<typeof WireInteraction>, toMs: ReadTime): Interaction {
  const { call_id, state, connected_at, began_at, media = 'voice', acd } = wire;
  const interaction: Interaction = { callId: call_id, state, media };
  if (acd === false) interaction.isAcd = acd;
  if (connected_at !== undefined) interaction.connectedAt = toMs(connected_at, '/interactions/connected_at');
  if (began_at !== undefined) interaction.beganAt = toMs(began_at, '/interactions/began_at');
  return interaction;
}

function readClaim(wire: NonNullable<WireFacets['claim']> & { unit?: string }): Claim {
  const { unit, fence, state, until, call_id, queue, completed_at, by, remaining_ms, end_reason } = wire;
  const claim: Claim = { fence, state, untilMs: until, callId: call_id, queue, completedAtMs: completed_at };
  if (unit !== undefined) claim.unit = unit;
  if (by !== undefined) claim.by = by;
  if (remaining_ms !== undefined) claim.remainingMs = remaining_ms;
  if (end_reason !== undefined) claim.endReason = end_reason;
  return claim;
}

/** A change to one agent. */
export interface AgentEvent {
  eventId: string;
  agentId: string;
  /** Platform time in ms. A facet without a time of its own takes this one. */
  timestampMs: number;
  /** The region that accepted the event. */
  region: string;
  /** Cause, e.g. `reconcile` or `claim`; absent for a report of a sender or platform. */
  source?: string;
  facets: Facets;
}

const Id = (description: string) => Type.String({ minLength: 1, maxLength: longest, description });

export const EventPayload = Type.Object(
  {
    event_id: Id(
      'Id of the event. A repeated event with the same times has no effect. An event with a later time is another one, whatever its id.',
    ),
    timestamp: Time,
    agent_id: Type.String({
      minLength: 1,
      maxLength: longest,
      pattern: '^[^\\s\\x00-\\x1f]+$',
      description: 'The agent, as `{connection}:{platform user id}`.',
    }),
    status: Type.Optional(
      Type.Enum([...STATUSES], {
        description: 'The report, in the plain form; beside facets a summary of the agent.',
      }),
    ),
    reason: Reason,
    region_source: Type.Optional(Id('The region that accepted the event; required on the bus.')),
    source: Type.Optional(Id('Cause, e.g. `reconcile` or `claim`; absent for a report of a sender or platform.')),
    ...WireFacets,
  },
  closed,
);
export type EventPayload = Static<typeof EventPayload>;

/**
 * Formats an event for the bus: the facets that changed.
 * @param answer the agent's status after the change, for readers that do not read facets
 */
export function writeEvent(event: AgentEvent, answer: StatusAnswer): EventPayload {
  return {
    event_id: event.eventId,
    timestamp: event.timestampMs,
    agent_id: event.agentId,
    status: answer.status,
    ...(answer.reason && { reason: answer.reason }),
    region_source: event.region,
    ...(event.source && { source: event.source }),
    ...writeFacets(event.facets, { at: event.timestampMs, id: event.eventId }),
  };
}
