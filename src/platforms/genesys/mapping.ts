import type { Activity, Media, Presence } from '../../agent/facets.ts';
import { TEXT_LIMITS } from '../../agent/limits.ts';
import { cut } from '../../agent/text.ts';

/** Tables of Genesys Cloud's values and their meaning; `state-docs.ts` renders docs/states-genesys.md from them. */

/** Presences, which the agent chooses. Only On Queue takes ACD work; Available means logged in and off queue. */
export const PRESENCES: Record<string, Presence> = {
  'On Queue': { state: 'ON_DUTY' },
  Available: { state: 'PAUSED', reason: 'OFF_QUEUE' },
  Busy: { state: 'PAUSED', reason: 'BUSY' },
  Break: { state: 'PAUSED', reason: 'BREAK' },
  Meal: { state: 'PAUSED', reason: 'MEAL' },
  Meeting: { state: 'PAUSED', reason: 'MEETING' },
  Training: { state: 'PAUSED', reason: 'TRAINING' },
  Away: { state: 'PAUSED', reason: 'AWAY' },
  Idle: { state: 'PAUSED', reason: 'AWAY' },
  Offline: { state: 'OFF_DUTY', reason: 'LOGGED_OUT' },
};

/** Routing statuses, which ACD sets. After-call work has no status of its own: it stays INTERACTING. */
export const ROUTING_STATUSES: Record<string, Activity> = {
  IDLE: { state: 'IDLE' },
  INTERACTING: { state: 'INTERACTING', reason: 'ON_CALL' },
  COMMUNICATING: { state: 'INTERACTING', reason: 'NON_ACD' },
  NOT_RESPONDING: { state: 'NOT_RESPONDING' },
  OFF_QUEUE: { state: 'NOT_RESPONDING', reason: 'OFF_QUEUE' },
};

/** Genesys Cloud's names of media types in utilization and conversation summaries. */
const MEDIA_NAMES: Record<string, Media> = {
  call: 'voice',
  callback: 'callback',
  video: 'video',
  chat: 'chat',
  message: 'message',
  email: 'email',
  socialExpression: 'social',
  workitem: 'work_item',
};

/**
 * Configured meaning of the organisation's custom presences, by definition id. Without an entry a custom presence is shown
 * as its system presence. None can be configured to take work.
 */
export type OwnPresences = ReadonlyMap<string, Presence & { state: 'PAUSED' | 'OFF_DUTY' }>;

interface Mapped<T> {
  facet: T;
  /** False for an unknown value, which never counts as available. */
  isKnown: boolean;
}

/**
 * Upper case, letters and digits only: `On Queue`, `OnQueue` and `ON_QUEUE` are one value in three spellings. Digits are kept,
 * because a value with a digit could be a new one.
 */
export function canonical(value: unknown): string {
  return typeof value === 'string' ? cut(value.toUpperCase().replace(/[^A-Z0-9]/g, ''), TEXT_LIMITS.reason.most) : '';
}

const presences = byCanonical(PRESENCES);
const routingStatuses = byCanonical(ROUTING_STATUSES);
const mediaByName = byCanonical(MEDIA_NAMES);

/** @param value a canonical `systemPresence` */
export function mapPresence(value: string): Mapped<Presence> {
  const facet = presences.get(value);
  return { facet: facet ?? { state: 'PAUSED', reason: value }, isKnown: facet !== undefined };
}

/** @param value a canonical routing status */
export function mapRoutingStatus(value: string): Mapped<Activity> {
  const facet = routingStatuses.get(value);
  return { facet: facet ?? { state: 'NOT_RESPONDING', reason: value }, isKnown: facet !== undefined };
}

/** @returns undefined for an unknown media type */
export function mapMedia(name: string): Media | undefined {
  return mediaByName.get(canonical(name));
}

function byCanonical<T>(table: Record<string, T>): Map<string, T> {
  return new Map(Object.entries(table).map(([name, meaning]) => [canonical(name), meaning]));
}
