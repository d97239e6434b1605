import { Value } from 'typebox/value';
import {
  claimsOf,
  compareVersions,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsFacet,
  interactionsOf,
  isRunning,
  type Media,
  type Stamped,
  UNSEEN,
  type Version,
} from './facets.ts';
import { RECORD_LIMITS } from './limits.ts';
import { isCovered, isForgotten } from './merge.ts';
import { liveInteractions } from './status.ts';

/**
 * What a reading of the platform changes in what the store holds. Notifications are lost, stores lose their last
 * writes, connections stand still: whatever the reason, the platform is the source of truth, and the store follows it.
 *
 *   the store lacks the fact, or holds an older one   ► the fact, as it is
 *   the store says the same                           ► nothing
 *   it says something else, heard since the reading   ► nothing: the reading is late
 *   it still does a minute after it heard that        ► the fact, as of the reading: the platform overrules
 */
export interface AgentAsRead {
  /**
   * Everything the platform tells of the agent now; what it does not tell is left out. A profile has no time on the
   * platform and carries that of the reading. Interactions are not read but remembered by who listens.
   */
  facets: Pick<Facets, 'profile' | 'presence' | 'activity' | 'interactions'>;
  /** The platform has no such agent at work: their presence, as of the reading, says so. */
  isGone?: boolean;
  /** The platform counts no open interaction of the agent; left out where it does not count. */
  isUnoccupied?: boolean;
  /**
   * How many open interactions the platform counts, by media type; one not named has none. Left out where it does not
   * count. Those told under a call id that begins with `unseen/` stand for what nobody who listens has heard of: whoever
   * knows as many as are counted needs none of them.
   */
  open?: Partial<Record<Media, number>>;
  /** How many calls that its routing has not sent the platform counts; left out where it does not count. */
  nonAcd?: number;
}

const READ_FACETS = ['profile', 'presence', 'activity'] as const;
type ReadFacet = (typeof READ_FACETS)[number];

/** What differed; `gone` stands for the presence of an agent the platform does not have any more. */
export type Difference = ReadFacet | 'interactions' | 'gone';

interface Reconciled {
  /** What is to be accepted; empty where nothing is. */
  facets: Facets;
  differences: Difference[];
  /** How many of them the platform overruled. */
  overruled: number;
}

/** For how long what the store has heard counts as newer than what is read, in ms: no notification takes as long. */
export const OVERRULE_AFTER_MS = 60_000;

/**
 * @param held what the store holds; undefined for an agent it does not know
 * @param readAtMs when the platform was read, by its own clock
 */
export function reconcile(held: Facets | undefined, read: AgentAsRead, readAtMs: number): Reconciled {
  const result: Reconciled = { facets: {}, differences: [], overruled: 0 };
  if (read.isGone && (!held || isForgotten(held))) return result;
  // What is said of an agent's activity depends on their interactions, so those come first.
  let facets = reconcileInteractions(result, held ?? {}, read, readAtMs);
  for (const name of READ_FACETS) {
    const theirs = read.facets[name];
    if (!theirs) continue;
    const verdict = judge(facets, read, name, theirs, readAtMs);
    if (verdict === 'agrees') continue;
    const isOverruled = verdict === 'overruled';
    const facet = isOverruled ? { ...theirs, at: readAtMs, id: `${theirs.id}/read/${readAtMs}` } : theirs;
    facets = { ...facets, [name]: facet };
    Object.assign(result.facets, { [name]: facet });
    result.differences.push(read.isGone ? 'gone' : name);
    if (isOverruled) result.overruled += 1;
  }
  return result;
}

/** Those the store lacks, and those the platform has no more. @returns the agent with them */
function reconcileInteractions(result: Reconciled, held: Facets, read: AgentAsRead, readAtMs: number): Facets {
  const floor = Math.max(held.interactions?.forgottenBefore ?? 0, (held.forgotten?.at ?? -1) + 1);
  const news = interactionsOf(read.facets).flatMap((one) => {
    const ours = interactionOf(held, one.callId);
    if ((ours && compareVersions(one, ours) <= 0) || !isNeeded(one, held, read)) return [];
    if (one.at >= floor) return [one];
    // It goes on, and what was said of it then is forgotten: it is said as of the reading.
    return one.state === 'ENDED' ? [] : [{ ...one, at: readAtMs, id: `${one.id}/read/${readAtMs}` }];
  });
  const over = liveInteractions(held).filter((one) => isOver(one, read, readAtMs));
  if (news.length + over.length === 0) return held;
  const ended = over.slice(0, RECORD_LIMITS.interactions.most).map((one): Stamped<Interaction> => {
    return { ...one, state: 'ENDED', at: readAtMs, id: `${one.id}/read/${readAtMs}` };
  });
  // What one message cannot hold the next reading brings.
  const { interactions } = interactionsFacet(
    ...news.slice(0, RECORD_LIMITS.interactions.most - ended.length),
    ...ended,
  );
  result.facets.interactions = interactions;
  result.differences.push('interactions');
  result.overruled += ended.length;
  return {
    ...held,
    interactions: { ...held.interactions, byCall: { ...held.interactions?.byCall, ...interactions.byCall } },
  };
}

/**
 * What ended before the store heard of it needs no mention, unless somebody's claim may wait for that end. Nor does what
 * stands for an interaction that was not seen, where the store knows as many as the platform counts: whoever listened
 * before has seen them.
 */
function isNeeded({ callId, state, media }: Stamped<Interaction>, held: Facets, { open }: AgentAsRead): boolean {
  const isHeld = interactionOf(held, callId) !== undefined;
  if (isHeld) return true;
  if (state === 'ENDED') return claimsOf(held).some(isRunning);
  if (!callId.startsWith(UNSEEN)) return true;
  const known = liveInteractions(held).filter((one) => one.media === media).length;
  return known < (media === 'voice' ? 1 : (open?.[media] ?? 1));
}

/**
 * The platform counts no more of its type than it tells of by name, and this is none of them. Of voice a count says too
 * little: it leaves out calls in wrap-up, and the agent's own.
 */
function isOver(one: Stamped<Interaction>, { facets, open, nonAcd }: AgentAsRead, readAtMs: number): boolean {
  const { callId, media, at, isAcd } = one;
  const counted = isAcd === false ? nonAcd : media === 'voice' ? undefined : open && (open[media] ?? 0);
  if (counted === undefined || readAtMs - at <= OVERRULE_AFTER_MS) return false;
  const reported = interactionsOf(facets);
  if (reported.some((other) => other.callId === callId)) return false;
  const alike = reported.filter((other) => other.isAcd === isAcd && (isAcd === false || other.media === media));
  const named = alike.filter((other) => other.state !== 'ENDED' && !other.callId.startsWith(UNSEEN));
  return named.length >= counted;
}

type Verdict = 'agrees' | 'newer' | 'overruled';

function judge(held: Facets, read: AgentAsRead, name: ReadFacet, theirs: Version, readAtMs: number): Verdict {
  const ours = held[name];
  const isNewer = !isCovered(held.forgotten, theirs) && (!ours || compareVersions(theirs, ours) > 0);
  const isSame = ours !== undefined && isSameContent(ours, theirs);
  const hasOwnTime = name !== 'profile' && !read.isGone;
  if (isSame && !hasOwnTime) return 'agrees';
  const merged: Facets = isNewer ? { ...held, [name]: theirs } : held;
  const isSaid = (isNewer || isSame) && !(name === 'activity' && isDenied(merged, read));
  if (!isSaid && readAtMs - heardAtMs(merged, name) > OVERRULE_AFTER_MS) return 'overruled';
  return isNewer ? 'newer' : 'agrees';
}

/**
 * An idle agent without work has no interaction of routing's: one that is younger than the idleness denies it; its end was
 * lost.
 */
function isDenied(facets: Facets, { isUnoccupied }: AgentAsRead): boolean {
  const isBusy = liveInteractions(facets).some(({ isAcd }) => isAcd !== false);
  return isUnoccupied === true && facets.activity?.state === 'IDLE' && isBusy;
}

/** When the store last heard of what the facet tells; of an agent's activity an interaction tells, too. */
function heardAtMs(facets: Facets, name: ReadFacet): number {
  const at = facets[name]?.at ?? 0;
  return name === 'activity' ? Math.max(at, ...interactionsOf(facets).map((one) => one.at)) : at;
}

function isSameContent(one: Version, other: Version): boolean {
  const { at: _at, id: _id, ...ours } = one;
  const { at: _otherAt, id: _otherId, ...theirs } = other;
  return Value.Equal(ours, theirs);
}
