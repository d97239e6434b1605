import type { Protocol } from './protocol.ts';
import {
  claimOf,
  compareMarks,
  counted,
  heldBy,
  isLowered,
  markOf,
  type Reader,
  type Scope,
  type State,
} from './state.ts';
import type { Step } from './step.ts';
import { FORGOTTEN, lacking, NEWEST, type Vector, versionOf } from './vectors.ts';

/** What must hold. The page of the model says it in words. */
export const PROPERTIES = [
  'no false complete',
  'only what lacks is passed over',
  'nothing goes back',
  'no false alarm',
  'ends complete',
] as const;
export type Property = (typeof PROPERTIES)[number];

/** The properties that a state breaks, judged by what the home really held, not by what the reader knows. */
export function isBroken(state: State, scope: Scope, protocol: Protocol): Property[] {
  const isCalm = state.faultsLeft === scope.faults && scope.start === 'proven';
  return state.readers.flatMap((reader): Property[] => [
    ...(isFalselyComplete(state, reader, protocol) ? ['no false complete' as const] : []),
    ...(passesOverTooMany(state, reader, protocol) ? ['only what lacks is passed over' as const] : []),
    ...(isCalm && isAlarmed(reader, protocol) ? ['no false alarm' as const] : []),
  ]);
}

/**
 * Whether the reader calls itself complete as of a mark and lacks what the home held there. Of an agent that is not passed
 * over it must also hold what the home lists now, if by the home's own count that is not later than the mark.
 */
function isFalselyComplete({ home, made }: State, reader: Reader, protocol: Protocol): boolean {
  const claim = claimOf(reader, protocol);
  if (!claim) return false;
  const judged = ~claim.passedOver & ~forgotten(made, protocol);
  if ((lacking(reader.held, counted(claim.mark.truth, protocol)) & judged) !== 0) return true;
  const now = markOf(home);
  const isListedByThen = now.lineage === claim.mark.lineage && now.position <= claim.mark.position;
  return isListedByThen && (lacking(reader.held, counted(heldBy(home), protocol)) & judged) !== 0;
}

/** Whether somebody is passed over of whom everything is held that the home had at the latest heartbeat of that lineage. */
function passesOverTooMany({ made }: State, reader: Reader, protocol: Protocol): boolean {
  const claim = claimOf(reader, protocol);
  if (!claim || !reader.applied || reader.applied.lineage !== claim.mark.lineage) return false;
  return (
    (claim.passedOver & ~forgotten(made, protocol) & ~lacking(reader.held, counted(reader.applied.truth, protocol))) !==
    0
  );
}

/** Agents who are forgotten, as bits: nobody lacks anything of them, and nobody needs them. */
const forgotten = (made: Vector, { forgets }: Protocol): number =>
  forgets && versionOf(made, FORGOTTEN) === NEWEST ? 1 << FORGOTTEN : 0;

/** Whether a reader that was proven complete, and that nothing has happened to, says less than that. */
function isAlarmed(reader: Reader, protocol: Protocol): boolean {
  const claim = claimOf(reader, protocol);
  return claim?.passedOver !== 0;
}

/** The properties that a step breaks: nothing but faults, and the removal of what is forgotten, makes a store hold less. */
export function brokenBy(before: State, { kind, next }: Step): Property[] {
  if (kind === 'fault' || kind === 'removal') return [];
  const isLower =
    isLowered(heldBy(before.home), heldBy(next.home)) ||
    before.readers.some(({ held }, at) => isLowered(held, (next.readers[at] as Reader).held));
  return isLower ? ['nothing goes back'] : [];
}

/** Whether home and readers hold the same, all of it is published, and each reader says so. */
export function hasEnded({ home, readers }: State, protocol: Protocol): boolean {
  const now = markOf(home);
  const there = counted(now.truth, protocol);
  if (home.published < now.position) return false;
  return readers.every((reader) => {
    const claim = claimOf(reader, protocol);
    return claim?.passedOver === 0 && compareMarks(claim.mark, now) === 0 && counted(reader.held, protocol) === there;
  });
}
