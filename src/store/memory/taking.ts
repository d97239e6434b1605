import type { Media } from '../../agent/facets.ts';
import { claimOn, digitalUnits, lockOf, openingsOf, roomOf, VOICE } from '../../agent/status.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Obstacle } from '../queues.ts';

/** The unit that a claim would take, and the interactions of the type in hand (0 for voice). */
interface Taking {
  unit: string;
  inHand: number;
}

/**
 * Whether and how an agent can be claimed for an interaction of a type: the unit, or a pass-over reason. The rules are those of
 * `src/agent`; this adds reservations and chooses the unit.
 */
export function takingOf(
  record: AgentRecord,
  media: Media,
  nowMs: number,
): Taking | Extract<Obstacle, 'busy' | 'claimed' | 'held'> {
  const { open, reported } = openingsOf(record.facets);
  const opening = open.find((each) => each.media === media);
  if (!opening) return 'busy';
  if ((roomOf(record, nowMs)[media] ?? 0) === 0) return 'claimed';
  if (record.holdMs > nowMs) return 'held';
  if (media === VOICE) return { unit: VOICE, inHand: 0 };
  const isTold = (unit: string): boolean => {
    const callId = claimOn(record.facets, unit)?.callId;
    return reported.some((work) => work.media === media && work.callId !== undefined && work.callId === callId);
  };
  const units = digitalUnits(record.facets).filter((each) => each.media === media);
  const locked = units.filter(({ name }) => lockOf(record, name) > nowMs);
  const [free] = units
    .filter((unit) => unit.isOffered && !locked.includes(unit))
    // A unit whose claim has lapsed while its interaction goes on is used last.
    .map(({ name }) => ({ name, keptMs: isTold(name) ? nowMs : Math.min(lockOf(record, name), nowMs - 1) }))
    .sort((one, other) => one.keptMs - other.keptMs);
  if (!free) return 'claimed';
  return { unit: free.name, inHand: opening.inHand + locked.filter(({ name }) => !isTold(name)).length };
}
