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

/** Presence definition id to `systemPresence`: every custom presence belongs to a system presence. */
export type Definitions = ReadonlyMap<string, string>;

const NONE: OwnPresences = new Map();

/** Source of presence and routing status: a user as read, or the body of an activity event. */
export interface StateSource {
  state?: string;
  presence?: PresencePayload;
  routingStatus?: RoutingStatusPayload;
  conversationSummary?: SummaryPayload;
}

export interface UserState {
  presence?: Stamped<Presence>;
  activity?: Stamped<Activity> | undefined;
  /** Unknown values to be counted, as `field:VALUE`. */
  unknown: string[];
  /** Fields whose time has no time zone and was ignored. */
  zoneless: string[];
  /** Presence and routing status disagree, or one has no time: recheck the user in a few seconds. */
  needsRecheck: boolean;
  /** The counts say that there is no work. */
  isUnoccupied: boolean;
  /** Counted work by media type; undefined if the platform sent no counts. */
  open?: Partial<Record<Media, number>>;
  /** Counted non-ACD calls; undefined if the platform sent no counts. */
  nonAcd?: number;
}

/** Counts of a user's work. After-call work of an unknown conversation appears only here. */
interface OpenWork {
  /** ACD interactions. */
  active: number;
  acw: number;
  /** Both together, by media type; absent for none. */
  open: Partial<Record<Media, number>>;
  /** Non-ACD calls; undefined if the platform does not count them. Non-ACD chats are between colleagues and ignored; an unknown media type counts as calls. */
  nonAcd?: number;
  /** Unknown media types that have work, as `field:VALUE`. */
  unknown: string[];
}

/** @returns undefined if the platform sent no counts */
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
 * Presence and routing status of a user, each with a timestamp of its own. One that is absent or has no timestamp is left
 * out; a later read delivers it, because REST responses carry the times.
 */
export function stateOf(
  userId: string,
  source: StateSource,
  definitions: Definitions,
  own: OwnPresences = NONE,
): UserState {
  const work = openWork(source.conversationSummary);
  const isUnoccupied = work !== undefined && work.active + work.acw === 0;
  const state: UserState = { unknown: work?.unknown ?? [], zoneless: [], needsRecheck: false, isUnoccupied };
  if (work) state.open = work.open;
  if (work?.nonAcd !== undefined) state.nonAcd = work.nonAcd;
  readPresence(state, userId, source.presence, definitions, own);
  readActivity(state, userId, source.routingStatus, work);
  const isTransition = state.presence?.state === 'ON_DUTY' && state.activity?.reason === 'OFF_QUEUE';
  if (isTransition) state.needsRecheck = true;
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
    state.needsRecheck = true;
    return;
  }
  const configured = own.get(id);
  const { facet, isKnown } = configured ? { facet: configured, isKnown: true } : mapPresence(value);
  if (!isKnown) state.unknown.push(`systemPresence:${value}`);
  // The configured meaning is part of the id, so that the store follows changes of the config.
  const name = configured ? `${value}.${configured.state}.${configured.reason}` : value;
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
    state.needsRecheck = true;
    return;
  }
  const { active = 0, acw = 0 } = work ?? {};
  const id = (name: string) => `${userId}/activity/${at}/${name}`;
  const isCalling = work !== undefined && ((work.open.voice ?? 0) > 0 || work.unknown.length > 0);
  if (value === 'IDLE' && (acw > 0 || isCalling)) {
    // Counts and status disagree: the busier one counts, until the platform repeats that the user is idle. The assumed state
    // is 1 ms older than that, because a tie would never free the user.
    state.needsRecheck = true;
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

/** Presence of a user who is inactive, deleted or invisible, as of the time of the read; user states have no time. */
export function inactive(userId: string, readAtMs: number): Stamped<Presence> {
  return { state: 'OFF_DUTY', reason: 'INACTIVE', at: readAtMs, id: `${userId}/presence/${readAtMs}/INACTIVE` };
}

const LEVELS_PER_PROFICIENCY = 20;

/**
 * Active skills and languages by name, with proficiency 0-5 as level 0-100. A language is a skill under its own name. Of two
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

/** The profile in canonical order, so that equal content is equal text, and what was cut to fit a record. */
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
 * Id of a profile's version. It includes the content, because profiles have no time on the platform: of two different
 * profiles of the same time, every region keeps the same one.
 * @param content the profile as canonical text
 */
export function profileId(userId: string, at: number, content: string): string {
  return `${userId}/profile/${at}/${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
}
