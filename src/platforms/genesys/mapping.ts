import type { Activity, Presence } from '../../agent/facets.ts';

/** What the person said. Only On Queue opens ACD; Available means logged in and off queue. */
const PRESENCES = new Map<string, Presence>([
  ['ONQUEUE', { state: 'ON_DUTY' }],
  ['AVAILABLE', { state: 'PAUSED', reason: 'OFF_QUEUE' }],
  ['BUSY', { state: 'PAUSED', reason: 'BUSY' }],
  ['BREAK', { state: 'PAUSED', reason: 'BREAK' }],
  ['MEAL', { state: 'PAUSED', reason: 'MEAL' }],
  ['MEETING', { state: 'PAUSED', reason: 'MEETING' }],
  ['TRAINING', { state: 'PAUSED', reason: 'TRAINING' }],
  ['AWAY', { state: 'PAUSED', reason: 'AWAY' }],
  ['IDLE', { state: 'PAUSED', reason: 'AWAY' }],
  ['OFFLINE', { state: 'OFF_DUTY', reason: 'LOGGED_OUT' }],
]);

/** What ACD sees. After-call work has no status of its own: it stays INTERACTING. */
const ROUTING_STATUSES = new Map<string, Activity>([
  ['IDLE', { state: 'IDLE' }],
  ['INTERACTING', { state: 'INTERACTING', reason: 'ON_CALL' }],
  ['COMMUNICATING', { state: 'INTERACTING', reason: 'NON_ACD' }],
  ['NOTRESPONDING', { state: 'NOT_RESPONDING' }],
  ['OFFQUEUE', { state: 'NOT_RESPONDING', reason: 'OFF_QUEUE' }],
]);

const REASON_LENGTH = 60;

export interface Mapped<T> {
  facet: T;
  /** False for a value of which nothing is known but its name: it never reads as available. */
  isKnown: boolean;
}

/** Upper case and letters only: `On Queue`, `OnQueue` and `ON_QUEUE` are one value, spelled by three surfaces. */
export function canonical(value: unknown): string {
  return typeof value === 'string'
    ? value
        .toUpperCase()
        .replace(/[^A-Z]/g, '')
        .slice(0, REASON_LENGTH)
    : '';
}

/** @param value a canonical `systemPresence` */
export function mapPresence(value: string): Mapped<Presence> {
  const facet = PRESENCES.get(value);
  return { facet: facet ?? { state: 'PAUSED', reason: value }, isKnown: facet !== undefined };
}

/** @param value a canonical routing status */
export function mapRoutingStatus(value: string): Mapped<Activity> {
  const facet = ROUTING_STATUSES.get(value);
  return { facet: facet ?? { state: 'NOT_RESPONDING', reason: value }, isKnown: facet !== undefined };
}
