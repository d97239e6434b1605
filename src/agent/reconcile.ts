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
 * One agent as read from the platform. {@link reconcile} compares it with the store. Notifications, the last writes of a
 * store and connections can be lost; the platform is the source of truth.
 *
 *   store lacks the fact, or has an older one           ► the fact, with its own time
 *   store has the same                                  ► nothing
 *   store has another, reported within the last minute  ► nothing: the read may be the older one
 *   store has another, reported before that             ► the fact, with the time of the read: the platform overrules
 */
export interface AgentAsRead {
  /**
   * All that the platform reports of the agent now; other facets are absent. A profile has no time on the platform and
   * carries that of the read. Interactions come from the connection's notifications, because platforms do not list them.
   */
  facets: Pick<Facets, 'profile' | 'presence' | 'activity' | 'interactions'>;
  /** The platform does not have the agent any more; `facets.presence` is off duty as of the read. */
  isGone?: boolean;
  /** The platform counts no open interaction; absent if it does not count. */
  isUnoccupied?: boolean;
  /**
   * Open interactions that the platform counts, by media type; 0 for types that are not listed. Absent if it does not
   * count. Call ids with the prefix `unseen/` are placeholders for counted interactions that were never reported. A store
   * that knows as many as are counted needs no placeholder.
   */
  open?: Partial<Record<Media, number>>;
  /** Non-ACD calls that the platform counts; absent if it does not count. */
  nonAcd?: number;
}

const READ_FACETS = ['profile', 'presence', 'activity'] as const;
type ReadFacet = (typeof READ_FACETS)[number];

/** A facet that differed. `gone`: the presence of an agent that the platform does not have any more. */
export type Difference = ReadFacet | 'interactions' | 'gone';

interface Reconciled {
  /** The facets to accept; empty for none. */
  facets: Facets;
  differences: Difference[];
  /** How many of them the platform overruled. */
  overruled: number;
}

/** How long a report in the store prevails over a read, in ms; longer than any notification takes. */
export const OVERRULE_AFTER_MS = 60_000;

/**
 * Compares a read with the store.
 * @param held the agent's facets in the store; undefined for an unknown agent
 * @param readAtMs when the platform was read, in ms by its own clock
 */
export function reconcile(held: Facets | undefined, read: AgentAsRead, readAtMs: number): Reconciled {
  const result: Reconciled = { facets: {}, differences: [], overruled: 0 };
  if (read.isGone && (!held || isForgotten(held))) return result;
  // The activity depends on the interactions, so those come first.
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

/** Adds interactions that the store lacks, and ends those that the platform no longer has. @returns the facets with both */
function reconcileInteractions(result: Reconciled, held: Facets, read: AgentAsRead, readAtMs: number): Facets {
  const floor = Math.max(held.interactions?.forgottenBefore ?? 0, (held.forgotten?.at ?? -1) + 1);
  const news = interactionsOf(read.facets).flatMap((one) => {
    const ours = interactionOf(held, one.callId);
    if ((ours && compareVersions(one, ours) <= 0) || !isNeeded(one, held, read)) return [];
    if (one.at >= floor) return [one];
    // A live interaction from before the floor would be dropped, so it gets the time of the read.
    return one.state === 'ENDED' ? [] : [{ ...one, at: readAtMs, id: `${one.id}/read/${readAtMs}` }];
  });
  const over = liveInteractions(held).filter((one) => isOver(one, read, readAtMs));
  if (news.length + over.length === 0) return held;
  const ended = over.slice(0, RECORD_LIMITS.interactions.most).map((one): Stamped<Interaction> => {
    return { ...one, state: 'ENDED', at: readAtMs, id: `${one.id}/read/${readAtMs}` };
  });
  // Interactions beyond the limit of a message follow with the next read.
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
 * Whether the store needs an interaction that it lacks. One that has ended is needed only if a claim may wait for the end. A
 * placeholder is needed only if the store knows fewer interactions than the platform counts.
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
 * Whether a live interaction in the store is over: the platform names as many of its type as it counts, and this is none of
 * them. Counts do not decide this for ACD voice calls, because they leave out wrap-up and outbound calls of the agent.
 */
function isOver(one: Stamped<Interaction>, { facets, open, nonAcd }: AgentAsRead, readAtMs: number): boolean {
  const { callId, media, at, isAcd } = one;
  const counted = isAcd === false ? nonAcd : media === 'voice' ? undefined : open && (open[media] ?? 0);
  if (counted === undefined || readAtMs - at <= OVERRULE_AFTER_MS) return false;
  // An end that the connection knows and the store did not take, because it holds something later, does not keep it alive.
  const reported = interactionsOf(facets).filter(({ state }) => state !== 'ENDED');
  if (reported.some((other) => other.callId === callId)) return false;
  const alike = reported.filter((other) => other.isAcd === isAcd && (isAcd === false || other.media === media));
  const named = alike.filter((other) => !other.callId.startsWith(UNSEEN));
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

/** Whether a live ACD interaction contradicts an idle agent without counted work: its end was lost. */
function isDenied(facets: Facets, { isUnoccupied }: AgentAsRead): boolean {
  const isBusy = liveInteractions(facets).some(({ isAcd }) => isAcd !== false);
  return isUnoccupied === true && facets.activity?.state === 'IDLE' && isBusy;
}

/** Time of the store's last report on the facet. Interactions also count as reports on the activity. */
function heardAtMs(facets: Facets, name: ReadFacet): number {
  const at = facets[name]?.at ?? 0;
  return name === 'activity' ? Math.max(at, ...interactionsOf(facets).map((one) => one.at)) : at;
}

function isSameContent(one: Version, other: Version): boolean {
  const { at: _at, id: _id, ...ours } = one;
  const { at: _otherAt, id: _otherId, ...theirs } = other;
  return Value.Equal(ours, theirs);
}
