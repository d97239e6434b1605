import { Compile } from 'typebox/compile';
import { Clean } from 'typebox/value';
import {
  type Facets,
  type Interaction,
  interactionOf,
  interactionsFacet,
  interactionsOf,
  isReserved,
  type Profile,
  RESERVED,
  type Stamped,
} from './facets.ts';
import { type WrongField, wrongFields } from './fields.ts';
import { type Limit, RECORD_LIMITS, TEXT_LIMITS } from './limits.ts';
import { merge } from './merge.ts';
import { isLive, type Status } from './status.ts';
import { bytesOf, cut, wrongText } from './text.ts';
import { type AgentEvent, EventPayload, readFacets, writeEvent } from './wire.ts';

const checker = Compile(EventPayload);

/** Timestamps at or above this are milliseconds (as seconds they would lie in the year 5138). */
const FIRST_MILLISECOND = 1e11;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
const FUTURE_TOLERANCE_MS = 5 * 60_000;

/** A payload is not a valid event. `errors` lists the wrong fields. */
export class InvalidEvent extends Error {
  override name = 'InvalidEvent';
  readonly errors: WrongField[];
  constructor(errors: WrongField[]) {
    super(errors.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.errors = errors;
  }
}

const wrong = (field: string, message: string): InvalidEvent => new InvalidEvent([{ field, message }]);

interface ReadingContext {
  /** The reading region, used if the payload has no `region_source`. */
  region: string;
  /**
   * Meaning of `status` beside a profile. `report`: the sender reports it. `summary`: Muster added it to its own message
   * for readers that do not read facets.
   */
  status: 'report' | 'summary';
}

/**
 * Parses an event, in the plain form or with facets. Times in seconds become ms.
 * @throws InvalidEvent
 */
export function readEvent(payload: unknown, { region, status }: ReadingContext): AgentEvent {
  if (!checker.Check(payload) && !isKnownIn(payload, status)) {
    throw new InvalidEvent(wrongFields([...checker.Errors(payload)]));
  }
  const from = { at: toMs(payload.timestamp, '/timestamp'), id: payload.event_id };
  const facets = { ...plainFacets(payload, status, from), ...readFacets(payload, from, toMs) };
  if (Object.keys(facets).length === 0) throw wrong('/status', 'is required if no facet is given');
  if (facets.profile?.name === '') facets.profile.name = payload.agent_id;
  const tooLarge = oversized(facets);
  if (tooLarge.length > 0) throw new InvalidEvent(tooLarge);
  return {
    eventId: payload.event_id,
    agentId: payload.agent_id,
    timestampMs: from.at,
    region: payload.region_source ?? region,
    ...(payload.source && { source: payload.source }),
    facets,
  };
}

/** Removes the unknown fields of a message by Muster: a later version wrote it. Those of a sender are mistakes. */
function isKnownIn(payload: unknown, status: ReadingContext['status']): payload is EventPayload {
  return status === 'summary' && checker.Check(Clean(EventPayload, payload));
}

function toMs(time: number, field: string): number {
  const ms = Math.round(time < FIRST_MILLISECOND ? time * 1000 : time);
  if (ms >= EARLIEST_MS && ms <= LATEST_MS) return ms;
  throw wrong(field, 'must be a time from 2000 to 2100, in seconds or milliseconds');
}

/**
 * Replaces times more than 5 minutes after `nowMs` by `nowMs`, so that a wrong clock cannot block a facet for ever. Called
 * once, by the region that accepts the event and before it is published, so that all regions see the same times.
 * @returns the event, and by how many ms its latest time was ahead; 0 if nothing was changed
 */
export function clampFuture(event: AgentEvent, nowMs: number): { event: AgentEvent; aheadMs: number } {
  let aheadMs = 0;
  const clamp = (at: number): number => {
    if (at <= nowMs + FUTURE_TOLERANCE_MS) return at;
    aheadMs = Math.max(aheadMs, at - nowMs);
    return nowMs;
  };
  const timestampMs = clamp(event.timestampMs);
  const { forgotten, profile, presence, activity, interactions } = event.facets;
  const facets: Facets = { ...event.facets };
  if (forgotten) facets.forgotten = { ...forgotten, at: clamp(forgotten.at) };
  if (profile) facets.profile = { ...profile, at: clamp(profile.at) };
  if (presence) facets.presence = { ...presence, at: clamp(presence.at) };
  if (activity) facets.activity = { ...activity, at: clamp(activity.at) };
  if (interactions) {
    const clamped = interactionsOf(event.facets).map((one) => ({ ...one, at: clamp(one.at) }));
    facets.interactions = { ...interactions, ...interactionsFacet(...clamped).interactions };
  }
  return aheadMs === 0 ? { event, aheadMs } : { event: { ...event, timestampMs, facets }, aheadMs };
}

/**
 * Adds the ends that `IDLE` implied to an event that replaces it. `IDLE` ends the ACD interactions from before it, see
 * `isLive` in `status.ts`; the reports of their ends may be lost or late. Once another activity has replaced `IDLE`, they
 * would appear to go on again, so the same event ends them, as of `IDLE`.
 * @param held the agent's facets before the event
 */
export function withEndsOfIdle(event: AgentEvent, held: Facets): AgentEvent {
  const { activity } = held;
  const next = event.facets.activity;
  if (activity?.state !== 'IDLE' || !next || next.state === 'IDLE') return event;
  const hidden = interactionsOf(held).filter((one) => one.state !== 'ENDED' && !isLive(one, held));
  if (hidden.length === 0) return event;
  const { facets } = merge(held, event.facets);
  const reported = interactionsOf(event.facets);
  const over = hidden
    .filter((one) => isLive(one, facets) && interactionOf(facets, one.callId) === one)
    .slice(0, RECORD_LIMITS.interactions.most - reported.length)
    .map((one): Stamped<Interaction> => ({ ...one, state: 'ENDED', at: activity.at, id: activity.id }));
  if (over.length === 0) return event;
  const byCall = Object.fromEntries([...reported, ...over].map((one) => [one.callId, one]));
  return { ...event, facets: { ...event.facets, interactions: { ...event.facets.interactions, byCall } } };
}

/** The facets that `{status, reason}` stands for; none if the payload has a facet that determines availability. */
function plainFacets(payload: EventPayload, role: ReadingContext['status'], from: { at: number; id: string }): Facets {
  const { status, reason, profile, presence, activity, interactions, interactions_since, claim, digital_claims } =
    payload;
  const atWork = interactions ?? interactions_since ?? claim ?? digital_claims;
  const isOverruled = payload.forgotten || presence || activity || atWork || (role === 'summary' && profile);
  if (!status || isOverruled) return {};
  return describe(status, reason, from);
}

/**
 * A plain status sets only the presence: whether the agent takes work. Interactions and claims stay, so `AVAILABLE` after a
 * break does not end a call.
 */
function describe(status: Status, reason: string | undefined, from: { at: number; id: string }): Facets {
  const state = { AVAILABLE: 'ON_DUTY', BUSY: 'PAUSED', OFFLINE: 'OFF_DUTY' } as const;
  const because = reason ?? (status === 'BUSY' ? 'ON_CALL' : undefined);
  const why = because && status !== 'AVAILABLE' ? { reason: because } : {};
  return { presence: { state: state[status], ...why, isPlain: true, ...from } };
}

/**
 * Reported parts that exceed {@link RECORD_LIMITS} in bytes, which a JSON schema cannot check. They are refused, so that no
 * record exceeds its limit.
 */
export function oversized(facets: Facets): WrongField[] {
  const { profile } = facets;
  const wrong: WrongField[] = [];
  if (profile && bytesOf(JSON.stringify(profile)) > RECORD_LIMITS.profile.most)
    wrong.push(tooLarge('/profile', RECORD_LIMITS.profile));
  for (const [at, one] of interactionsOf(facets).entries()) {
    if (isTooLarge(one)) wrong.push(tooLarge(`/interactions/${at}`, RECORD_LIMITS.interaction));
  }
  return wrong;
}

const tooLarge = (field: string, { most, unit }: Limit): WrongField => ({
  field,
  message: `must have at most ${most} ${unit}`,
});

const isTooLarge = (one: Stamped<Interaction>): boolean =>
  bytesOf(JSON.stringify({ [one.callId]: one })) > RECORD_LIMITS.interaction.most;

/** What a truncation removed from a profile: the number of queues and skills left out, and of texts shortened. */
export interface Cut {
  queues: number;
  skills: number;
  texts: number;
}

/**
 * Truncates a platform's profile to the limits of a record. The last queues and skills are left out, and texts are
 * shortened between characters. If two skill names become equal, the higher level counts.
 */
export function fitProfile(given: Profile): { profile: Profile; cut: Cut } {
  const queues = given.queues.filter((id) => cut(id, TEXT_LIMITS.name.most) === id).slice(0, RECORD_LIMITS.queues.most);
  const levels = new Map<string, number>();
  let texts = 0;
  for (const [name, level] of Object.entries(given.skills)) {
    const key = cut(name, TEXT_LIMITS.skillName.most);
    if (key !== name) texts += 1;
    if (levels.has(key) || levels.size < RECORD_LIMITS.skills.most)
      levels.set(key, Math.max(level, levels.get(key) ?? 0));
  }
  const name = cut(given.name, TEXT_LIMITS.name.most);
  if (name !== given.name) texts += 1;
  const profile = withinBytes({ ...given, name, queues, skills: Object.fromEntries(levels) });
  const left = {
    queues: given.queues.length - profile.queues.length,
    skills: Object.keys(given.skills).length - Object.keys(profile.skills).length,
  };
  return { profile, cut: { ...left, texts } };
}

/** Space in a profile for its version: time and event id. */
const STAMP_BYTES = 1024;

const shorter = (length: number): number => Math.floor(length * 0.95);

/** Shortens the longer of both lists by 5 % at a time until the profile fits. */
function withinBytes(profile: Profile): Profile {
  let fitting = profile;
  while (bytesOf(JSON.stringify(fitting)) > RECORD_LIMITS.profile.most - STAMP_BYTES) {
    const { queues, skills } = fitting;
    const names = Object.entries(skills);
    fitting =
      names.length > queues.length
        ? { ...fitting, skills: Object.fromEntries(names.slice(0, shorter(names.length))) }
        : { ...fitting, queues: queues.slice(0, shorter(queues.length)) };
  }
  return fitting;
}

/** Reserved call ids in a report from outside Muster; see `isReserved`. */
export function reservedIds(facets: Facets): WrongField[] {
  return interactionsOf(facets).flatMap(({ callId }, at) =>
    isReserved(callId) ? [{ field: `/interactions/${at}/call_id`, message: RESERVED }] : [],
  );
}

/**
 * Reasons why other regions would refuse an event that was created here. Called before the event is stored: an event that
 * is stored here and refused elsewhere would make the regions differ for good.
 */
export function unfit(event: AgentEvent): WrongField[] {
  const payload = writeEvent(event, { status: 'OFFLINE' });
  const wrong = wrongText(payload);
  if (wrong.length > 0) return wrong;
  try {
    readEvent(payload, { region: event.region, status: 'summary' });
    return [];
  } catch (error) {
    if (error instanceof InvalidEvent) return error.errors;
    throw error;
  }
}
