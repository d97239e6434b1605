import type { AgentEvent } from './event.ts';
import { type Facets, interactionsFacet, interactionsOf, type LastSecond } from './facets.ts';
import { RECORD_LIMITS } from './limits.ts';

/**
 * Senders with clocks of whole seconds are common, and say two things in one second. Such events get their milliseconds where
 * they enter, at the agent's home: the store numbers them in the order in which it takes them in, before anybody else sees
 * them. What enters elsewhere keeps `.000`, and where two are equal all the same, the less available wins.
 */

const SECOND_MS = 1000;
/** More events of one agent in one second are not numbered: nobody does as much. */
const MOST = RECORD_LIMITS.numbered.most;

export const isWholeSecond = ({ timestampMs }: Pick<AgentEvent, 'timestampMs'>): boolean =>
  timestampMs % SECOND_MS === 0;

/** Takes events of one agent in, in this order. Those of an earlier second are late, and keep `.000`. */
export function takeIn(facets: Facets, events: Pick<AgentEvent, 'eventId' | 'timestampMs'>[]): LastSecond | undefined {
  let last = facets.lastSecond;
  for (const { eventId, timestampMs } of events.filter(isWholeSecond)) {
    if (last && timestampMs < last.at) continue;
    const before: LastSecond = last?.at === timestampMs ? last : { at: timestampMs, ids: known(facets, timestampMs) };
    if (!before.ids.includes(eventId)) last = { at: before.at, ids: [...before.ids, eventId].slice(0, MOST) };
  }
  return last;
}

/** What the record has of that second already, where its numbers are not remembered: they are taken. */
function known(facets: Facets, secondMs: number): string[] {
  const { presence, activity, profile } = facets;
  const numbers = [presence, activity, profile, ...interactionsOf(facets)].flatMap((facet) => {
    const number = facet ? facet.at - secondMs : -1;
    return number >= 0 && number < MOST ? [number] : [];
  });
  return Array.from({ length: Math.max(-1, ...numbers) + 1 }, () => '');
}

/** The event with the number that it has been given; one that was given none is as it was. */
export function numbered(event: AgentEvent, last: LastSecond | undefined): AgentEvent {
  const number = last?.at === event.timestampMs ? last.ids.indexOf(event.eventId) : -1;
  if (number <= 0) return event;
  const at = event.timestampMs + number;
  const move = <T extends { at: number }>(facet: T): T => (facet.at === event.timestampMs ? { ...facet, at } : facet);
  const { profile, presence, activity, interactions } = event.facets;
  const facets: Facets = {
    ...event.facets,
    ...(profile && { profile: move(profile) }),
    ...(presence && { presence: move(presence) }),
    ...(activity && { activity: move(activity) }),
    ...(interactions && interactionsFacet(...interactionsOf(event.facets).map(move))),
  };
  return { ...event, timestampMs: at, facets };
}

/** Which of two the register keeps: the later second, of one second the longer list. */
export const compareSeconds = (one: LastSecond, other: LastSecond): number =>
  one.at - other.at || one.ids.length - other.ids.length;
