import { createHash } from 'node:crypto';
import { type Cut, fitProfile } from '../../agent/event.ts';
import {
  type Activity,
  CALLS,
  type Capacity,
  type Media,
  type Presence,
  type Profile,
  type Stamped,
} from '../../agent/facets.ts';
import { isZoneless } from '../time.ts';
import { canonical, mapMedia, mapPresence, mapRoutingStatus, type OwnPresences } from './mapping.ts';
import {
  type PresencePayload,
  type RoutingStatusPayload,
  type SkillPayload,
  type SummaryPayload,
  timeOf,
} from './payloads.ts';

/** Presence definition id to `systemPresence`: the organisation's own presences are each one of the system's. */
export type Definitions = ReadonlyMap<string, string>;

const NONE: OwnPresences = new Map();

/** Where presence and routing status come from: a user as read, or the body of an activity event. */
export interface StateSource {
  state?: string;
  presence?: PresencePayload;
  routingStatus?: RoutingStatusPayload;
  conversationSummary?: SummaryPayload;
}

export interface UserState {
  presence?: Stamped<Presence>;
  activity?: Stamped<Activity> | undefined;
  /** Values nobody has met before, as `field:VALUE`, to be counted. */
  unknown: string[];
  /** Fields whose time names no zone, and was not read. */
  zoneless: string[];
  /** The halves disagree or one cannot be placed in time: worth another look in a few seconds. */
  isDoubtful: boolean;
  /** Work was counted, and there is none. */
  isUnoccupied: boolean;
  /** How much work was counted, by media type; undefined where the platform has not counted. */
  open?: Partial<Record<Media, number>>;
  /** How many calls that routing has not sent were counted; undefined where the platform has not. */
  nonAcd?: number;
}

/** The work that a user has, by count. After-call work shows here alone when the conversation was never seen. */
interface OpenWork {
  /** Of what routing has sent. */
  active: number;
  acw: number;
  /** Both together, by media type; one not named has none. */
  open: Partial<Record<Media, number>>;
  /** Calls that routing has not sent; undefined where none are counted, not even as 0. Chats counted so are colleagues'; a type that nobody has met is taken for calls. */
  nonAcd?: number;
  /** Media types nobody has met before that have work, as `field:VALUE`. */
  unknown: string[];
}

/** @returns undefined where the platform has not counted */
export function openWork(summary: SummaryPayload | undefined): OpenWork | undefined {
  if (!summary) return undefined;
  const work: OpenWork = { active: 0, acw: 0, open: {}, unknown: [] };
  for (const [name, counts] of Object.entries(summary)) {
    if (typeof counts !== 'object') continue;
    const media = mapMedia(name);
    const { contactCenter, enterprise } = counts ?? {};
    if (enterprise && (!media || CALLS.has(media)))
      work.nonAcd = (work.nonAcd ?? 0) + Math.max(0, enterprise.active ?? 0);
    const { active = 0, acw = 0 } = contactCenter ?? {};
    if (active + acw <= 0) continue;
    work.active += active;
    work.acw += acw;
    if (media) work.open[media] = active + acw;
    else work.unknown.push(`conversationSummary:${canonical(name)}`);
  }
  return work;
}

/**
 * Presence and routing status of a user. They are two registers with two timestamps; one that is absent, or has no
 * timestamp, is unknown and left out: a read that follows brings it, for REST carries the times.
 */
export function stateOf(
  userId: string,
  source: StateSource,
  definitions: Definitions,
  own: OwnPresences = NONE,
): UserState {
  const work = openWork(source.conversationSummary);
  const isUnoccupied = work !== undefined && work.active + work.acw === 0;
  const state: UserState = { unknown: work?.unknown ?? [], zoneless: [], isDoubtful: false, isUnoccupied };
  if (work) state.open = work.open;
  if (work?.nonAcd !== undefined) state.nonAcd = work.nonAcd;
  readPresence(state, userId, source.presence, definitions, own);
  readActivity(state, userId, source.routingStatus, work);
  const isTransition = state.presence?.state === 'ON_DUTY' && state.activity?.reason === 'OFF_QUEUE';
  if (isTransition) state.isDoubtful = true;
  return state;
}

function readPresence(
  state: UserState,
  userId: string,
  payload: PresencePayload | undefined,
  definitions: Definitions,
  own: OwnPresences,
) {
  if (!payload || payload.primary === false) return;
  const { id = '', systemPresence = definitions.get(id) } = payload.presenceDefinition ?? {};
  const value = canonical(systemPresence);
  const at = timeOf(payload.modifiedDate);
  if (isZoneless(payload.modifiedDate)) state.zoneless.push('modifiedDate');
  if (!value || at === undefined) {
    state.isDoubtful = true;
    return;
  }
  const said = own.get(id);
  const { facet, isKnown } = said ? { facet: said, isKnown: true } : mapPresence(value);
  if (!isKnown) state.unknown.push(`systemPresence:${value}`);
  // What an operator says is part of the fact: where the config changes, the store follows.
  const name = said ? `${value}.${said.state}.${said.reason}` : value;
  state.presence = { ...facet, at, id: `${userId}/presence/${at}/${name}` };
}

function readActivity(
  state: UserState,
  userId: string,
  payload: RoutingStatusPayload | undefined,
  work: OpenWork | undefined,
) {
  if (!payload) return;
  const value = canonical(payload.status);
  const at = timeOf(payload.startTime);
  if (isZoneless(payload.startTime)) state.zoneless.push('startTime');
  if (!value || at === undefined) {
    state.isDoubtful = true;
    return;
  }
  const { active = 0, acw = 0 } = work ?? {};
  const id = (name: string) => `${userId}/activity/${at}/${name}`;
  const isCalling = work !== undefined && ((work.open.voice ?? 0) > 0 || work.unknown.length > 0);
  if (value === 'IDLE' && (acw > 0 || isCalling)) {
    // Counts and status disagree: the busier is believed, until the platform says again that the user is idle since
    // then. A tie would never free the user, so what is only believed is of just before.
    state.isDoubtful = true;
    if (state.presence && state.presence.state !== 'ON_DUTY') return;
    const busy = acw > 0 ? ({ state: 'WRAP_UP' } as const) : ({ state: 'INTERACTING', reason: 'ON_CALL' } as const);
    state.activity = { ...busy, at: at - 1, id: id(acw > 0 ? 'ACW' : 'ACTIVE') };
    return;
  }
  if (value === 'INTERACTING' && acw > 0 && active === 0) {
    state.activity = { state: 'WRAP_UP', at, id: id('WRAPUP') };
    return;
  }
  const { facet, isKnown } = mapRoutingStatus(value);
  if (!isKnown) state.unknown.push(`routingStatus:${value}`);
  state.activity = { ...facet, at, id: id(value) };
}

/** A user who is inactive, deleted or out of sight, as presence; user states have no time but that of the read. */
export function inactive(userId: string, readAtMs: number): Stamped<Presence> {
  return { state: 'OFF_DUTY', reason: 'INACTIVE', at: readAtMs, id: `${userId}/presence/${readAtMs}/INACTIVE` };
}

const LEVELS_PER_PROFICIENCY = 20;

/**
 * Active skills and languages by name, proficiency 0-5 as level 0-100: a language is a skill under its own name. Of two
 * with one name the higher level counts.
 */
export function skillsOf(...lists: (SkillPayload[] | undefined)[]): Record<string, number> {
  const levels = new Map<string, number>();
  for (const { name, proficiency = 0, state } of lists.flatMap((list) => list ?? [])) {
    if (!name || (state && canonical(state) !== 'ACTIVE')) continue;
    const level = Math.min(100, Math.max(0, Math.round(proficiency * LEVELS_PER_PROFICIENCY)));
    levels.set(name, Math.max(level, levels.get(name) ?? 0));
  }
  return Object.fromEntries(levels);
}

/** The profile in a canonical order, so that equal content is equal text; and what of it a record does not hold. */
export function profileOf(
  connection: string,
  user: { name: string; queueIds: string[]; skills: Record<string, number>; capacity?: Capacity | undefined },
): { profile: Profile; cut: Cut } {
  return fitProfile({
    name: user.name,
    queues: [...new Set(user.queueIds)].sort().map((id) => `${connection}:${id}`),
    skills: Object.fromEntries(Object.entries(user.skills).sort(([a], [b]) => (a < b ? -1 : 1))),
    tenureDays: 0,
    ...(user.capacity && { capacity: user.capacity }),
  });
}

/**
 * The id of a profile's version. It names the content, too, since a profile has no time of its own on the platform: of
 * two that were put together in different places at one time, every region keeps the same.
 * @param content the profile as canonical text
 */
export function profileId(userId: string, at: number, content: string): string {
  return `${userId}/profile/${at}/${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
}
