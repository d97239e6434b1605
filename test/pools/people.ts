import { type Facets, interactionsFacet, type Media } from '../../src/agent/facets.ts';
import type { Person, PersonState, Plan } from './plan.ts';

/** Platform times at which people become available: before the crowd, of whom each has a time of its own, or after it. */
const AHEAD_MS = 10_000;
const CROWD_MS = 20_000;
const LAST_MS = 100_000;
/** Length of a call that has ended, in ms. */
const CALL_MS = 600;

const idOf = (domain: string, isAway: boolean, name: string) => `${isAway ? 'away-' : ''}${domain}:${name}`;

export const personIds = ({ people }: Plan, domain: string): string[] =>
  people.map(({ isAway }, i) => idOf(domain, isAway, `p${i}`));

export const crowdIds = ({ crowd: { count, isAway } }: Plan, domain: string): string[] =>
  Array.from({ length: count }, (_, i) => idOf(domain, isAway, `c${i}`));

/** What is reported of everybody at the start: of the people, then of the crowd. */
export function facetsOf({ people, crowd }: Plan, domain: string): Facets[] {
  const many = Array.from({ length: crowd.count }, (_, i): [Person, number] => [
    {
      ...{ isAway: crowd.isAway, queues: ['q'], skills: crowd.skills, stands: 'ahead', sinceMs: i, tenureDays: 0 },
      state: crowd.isOff ? 'off' : 'free',
    },
    CROWD_MS + i,
  ]);
  const few = people.map((one): [Person, number] => [one, (one.stands === 'last' ? LAST_MS : AHEAD_MS) + one.sinceMs]);
  return [...few, ...many].map(([one, sinceMs], i) => facetsFrom(one, `n${i}`, domain, sinceMs));
}

function facetsFrom({ queues, skills, capacity, tenureDays, state }: Person, name: string, domain: string, at: number) {
  const version = { at, id: `start-${at}` };
  const joined = queues.map((queue) => `${domain}:${queue}`);
  const profile = { name, queues: joined, skills, tenureDays, ...(capacity && { capacity }), ...version };
  return { profile, ...stateOf(state, version) };
}

function stateOf(state: PersonState, version: { at: number; id: string }): Facets {
  const present = {
    presence: { state: 'ON_DUTY' as const, ...version },
    activity: { state: 'IDLE' as const, ...version },
  };
  const interaction = (media: Media, isOver: boolean) =>
    interactionsFacet({
      ...{ callId: 'at-start', media, state: isOver ? 'ENDED' : 'CONNECTED', connectedAt: version.at - CALL_MS },
      ...{ at: version.at + 1, id: version.id },
    });
  switch (state) {
    case 'free':
    case 'lapsed':
      return present;
    case 'plain':
      return { presence: { state: 'ON_DUTY', isPlain: true, ...version } };
    case 'paused':
      return { ...present, presence: { state: 'PAUSED', ...version } };
    case 'off':
      return { ...present, presence: { state: 'OFF_DUTY', ...version } };
    case 'unknown':
      return {};
    case 'silent':
      return { ...present, activity: { state: 'NOT_RESPONDING', ...version } };
    case 'calling':
      return { ...present, ...interaction('voice', false) };
    case 'chatting':
      return { ...present, ...interaction('chat', false) };
    case 'was-calling':
      return { ...present, ...interaction('voice', true) };
  }
}
