import { createHash } from 'node:crypto';
import type { Activity, Presence, Profile, Stamped } from '../../agent/facets.ts';
import { canonical, mapPresence, mapRoutingStatus } from './mapping.ts';
import {
  type PresencePayload,
  type RoutingStatusPayload,
  type SkillPayload,
  type SummaryPayload,
  timeOf,
} from './payloads.ts';

/** Presence definition id to `systemPresence`: the organisation's own presences are each one of the system's. */
export type Definitions = ReadonlyMap<string, string>;

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
  /** The halves disagree or one cannot be placed in time: worth another look in a few seconds. */
  isDoubtful: boolean;
  /** Work was counted, and there is none. */
  isUnoccupied: boolean;
}

/**
 * Presence and routing status of a user. They are two registers with two timestamps; one that is absent, or has no
 * timestamp, is unknown and left out: a read that follows brings it, for REST carries the times.
 */
export function stateOf(userId: string, source: StateSource, definitions: Definitions): UserState {
  const work = openWork(source.conversationSummary);
  const isUnoccupied = source.conversationSummary !== undefined && work.active + work.acw === 0;
  const state: UserState = { unknown: [], isDoubtful: false, isUnoccupied };
  readPresence(state, userId, source.presence, definitions);
  readActivity(state, userId, source.routingStatus, work);
  const isTransition = state.presence?.state === 'ON_DUTY' && state.activity?.reason === 'OFF_QUEUE';
  if (isTransition) state.isDoubtful = true;
  return state;
}

function readPresence(state: UserState, userId: string, payload: PresencePayload | undefined, known: Definitions) {
  if (!payload || payload.primary === false) return;
  const definition = payload.presenceDefinition;
  const value = canonical(definition?.systemPresence ?? known.get(definition?.id ?? ''));
  const at = timeOf(payload.modifiedDate);
  if (!value || at === undefined) {
    state.isDoubtful = true;
    return;
  }
  const { facet, isKnown } = mapPresence(value);
  if (!isKnown) state.unknown.push(`systemPresence:${value}`);
  state.presence = { ...facet, at, id: `${userId}/presence/${at}/${value}` };
}

function readActivity(state: UserState, userId: string, payload: RoutingStatusPayload | undefined, work: OpenWork) {
  if (!payload) return;
  const value = canonical(payload.status);
  const at = timeOf(payload.startTime);
  const isContradicted = value === 'IDLE' && work.acw > 0;
  if (!value || at === undefined || isContradicted) {
    state.isDoubtful = true;
    return;
  }
  const id = (name: string) => `${userId}/activity/${at}/${name}`;
  if (value === 'INTERACTING' && work.acw > 0 && work.active === 0) {
    state.activity = { state: 'WRAP_UP', at, id: id('WRAPUP') };
    return;
  }
  const { facet, isKnown } = mapRoutingStatus(value);
  if (!isKnown) state.unknown.push(`routingStatus:${value}`);
  state.activity = { ...facet, at, id: id(value) };
}

interface OpenWork {
  active: number;
  acw: number;
}

/** ACD work of all media. After-call work shows here alone when the conversation itself was never seen. */
function openWork(summary: SummaryPayload | undefined): OpenWork {
  const sum = { active: 0, acw: 0 };
  for (const media of Object.values(summary ?? {})) {
    if (typeof media !== 'object') continue;
    sum.active += media?.contactCenter?.active ?? 0;
    sum.acw += media?.contactCenter?.acw ?? 0;
  }
  return sum;
}

/** A user who is inactive, deleted or out of sight, as presence; user states have no time but that of the read. */
export function inactive(userId: string, readAtMs: number): Stamped<Presence> {
  return { state: 'OFF_DUTY', reason: 'INACTIVE', at: readAtMs, id: `${userId}/presence/${readAtMs}/INACTIVE` };
}

const LEVELS_PER_PROFICIENCY = 20;
const SKILL_NAME_LENGTH = 100;
const NAME_LENGTH = 200;
const QUEUE_LIMIT = 200;

/** Active skills by name, proficiency 0-5 as level 0-100. */
export function skillsOf(skills: SkillPayload[] | undefined): Record<string, number> {
  const levels: Record<string, number> = {};
  for (const { name, proficiency = 0, state } of skills ?? []) {
    if (!name || (state && canonical(state) !== 'ACTIVE')) continue;
    const level = Math.round(proficiency * LEVELS_PER_PROFICIENCY);
    levels[name.slice(0, SKILL_NAME_LENGTH)] = Math.min(100, Math.max(0, level));
  }
  return levels;
}

/** The profile in a canonical order, so that equal content is equal text. */
export function profileOf(
  connection: string,
  user: { name: string; queueIds: string[]; skills: Record<string, number> },
): Profile {
  return {
    name: user.name.slice(0, NAME_LENGTH),
    queues: [...new Set(user.queueIds)]
      .sort()
      .slice(0, QUEUE_LIMIT)
      .map((id) => `${connection}:${id}`),
    skills: Object.fromEntries(Object.entries(user.skills).sort(([a], [b]) => (a < b ? -1 : 1))),
    tenureDays: 0,
  };
}

/**
 * The id of a profile's version. It names the content, too, since a profile has no time of its own on the platform: of
 * two that were put together in different places at one time, every region keeps the same.
 * @param content the profile as canonical text
 */
export function profileId(userId: string, at: number, content: string): string {
  return `${userId}/profile/${at}/${createHash('sha256').update(content).digest('hex').slice(0, 12)}`;
}
