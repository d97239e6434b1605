import { Value } from 'typebox/value';
import { compareVersions, type Facets, type Interaction, type Stamped, type Version } from './facets.ts';
import type { Media } from './media.ts';
import { merge } from './merge.ts';
import { liveDigital, liveInteraction } from './status.ts';
import { isBuried, isForgotten } from './tombstone.ts';

/**
 * What a reading of the platform changes in what the store holds. Notifications are lost, stores lose their last
 * writes, connections stand still: whatever the reason, the platform is the source of truth, and the store follows it.
 *
 *   the store lacks the fact, or holds an older one   ► the fact, as it is
 *   the store says the same                           ► nothing
 *   it says something else, heard since the reading   ► nothing: the reading is late
 *   it still does a minute after it heard that        ► the fact, as of the reading: the platform overrules
 */
export interface Told {
  /**
   * Everything the platform tells of the agent now; what it does not tell is left out. A profile has no time on the
   * platform and carries that of the reading. An interaction is not read but remembered by who listens.
   */
  facets: Pick<Facets, 'profile' | 'presence' | 'activity' | 'interaction' | 'digital'>;
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
}

/** What is said of an agent's activity depends on the interaction, so that comes first. */
const READ_FACETS = ['profile', 'presence', 'interaction', 'activity'] as const;
type ReadFacet = (typeof READ_FACETS)[number];

/** What differed; `gone` stands for the presence of an agent the platform does not have any more. */
export type Difference = ReadFacet | 'digital' | 'gone';

export interface Reconciled {
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
export function reconcile(held: Facets | undefined, told: Told, readAtMs: number): Reconciled {
  const result: Reconciled = { facets: {}, differences: [], overruled: 0 };
  if (told.isGone && (!held || isForgotten(held))) return result;
  let facets: Facets = held ?? {};
  for (const name of READ_FACETS) {
    const theirs = told.facets[name];
    if (!theirs) continue;
    const verdict = judge(facets, told, name, theirs, readAtMs);
    if (verdict === 'agrees') continue;
    const isOverruled = verdict === 'overruled';
    const facet = isOverruled ? { ...theirs, at: readAtMs, id: `${theirs.id}/read/${readAtMs}` } : theirs;
    facets = { ...facets, [name]: facet };
    Object.assign(result.facets, { [name]: facet });
    result.differences.push(told.isGone ? 'gone' : name);
    if (isOverruled) result.overruled += 1;
  }
  reconcileDigital(result, facets, told, readAtMs);
  return result;
}

/** Interactions of other media types than voice: those the store lacks, and those the platform has no more. */
function reconcileDigital(result: Reconciled, held: Facets, told: Told, readAtMs: number): void {
  const { digital = {} } = told.facets;
  const { digital: joined } = merge(held, { digital }).facets;
  const isNews = ([id, one]: [string, Stamped<Interaction>]) => joined?.[id] === one && held.digital?.[id] !== one;
  const news = Object.entries(digital).filter((each) => isNews(each) && isNeeded(...each, held, told));
  const over = liveDigital(held).filter((one) => isOver(one, told, readAtMs));
  if (news.length + over.length === 0) return;
  const ended = over.map((one): [string, Stamped<Interaction>] => {
    return [one.callId, { ...one, state: 'ENDED', at: readAtMs, id: `${one.id}/read/${readAtMs}` }];
  });
  result.facets.digital = Object.fromEntries([...news, ...ended]);
  result.differences.push('digital');
  result.overruled += over.length;
}

/** Begins the ids of interactions that a platform counts and that nobody who listens has heard of. */
export const UNSEEN = 'unseen/';

/**
 * What ended before the store heard of it needs no mention. Nor does what stands for an interaction that was not seen,
 * where the store knows as many as the platform counts: whoever listened before has seen them.
 */
function isNeeded(callId: string, one: Stamped<Interaction>, held: Facets, { open }: Told): boolean {
  const isHeld = held.digital?.[callId] !== undefined;
  if (one.state === 'ENDED' || isHeld) return isHeld;
  if (!callId.startsWith(UNSEEN) || !open || !one.media) return true;
  return liveDigital(held).filter(({ media }) => media === one.media).length < (open[one.media] ?? 0);
}

/** The platform counts no more of its type than it tells of by name, and this is none of them. */
function isOver({ callId, media, at }: Stamped<Interaction>, { facets, open }: Told, readAtMs: number): boolean {
  if (!open || !media || readAtMs - at <= OVERRULE_AFTER_MS || facets.digital?.[callId]) return false;
  const named = Object.values(facets.digital ?? {}).filter((one) => {
    return one.media === media && one.state !== 'ENDED' && !one.callId.startsWith(UNSEEN);
  });
  return named.length >= (open[media] ?? 0);
}

type Verdict = 'agrees' | 'newer' | 'overruled';

function judge(held: Facets, told: Told, name: ReadFacet, theirs: Version, readAtMs: number): Verdict {
  const ours = held[name];
  const isNewer = !isBuried(held.forgotten, theirs) && (!ours || compareVersions(theirs, ours) > 0);
  if (name === 'interaction') {
    const isSeen = told.facets.interaction?.callId.startsWith(UNSEEN) && liveInteraction(held) !== undefined;
    return isNewer && !isSeen ? 'newer' : 'agrees';
  }
  const isSame = ours !== undefined && isSameContent(ours, theirs);
  const hasOwnTime = name !== 'profile' && !told.isGone;
  if (isSame && !hasOwnTime) return 'agrees';
  const merged: Facets = isNewer ? { ...held, [name]: theirs } : held;
  const isSaid = (isNewer || isSame) && !(name === 'activity' && isDenied(merged, told));
  if (!isSaid && readAtMs - heardAtMs(merged, name) > OVERRULE_AFTER_MS) return 'overruled';
  return isNewer ? 'newer' : 'agrees';
}

/** An idle agent without work has no interaction: one that is younger than the idleness denies it; its end was lost. */
function isDenied(facets: Facets, { isUnoccupied }: Told): boolean {
  return isUnoccupied === true && facets.activity?.state === 'IDLE' && liveInteraction(facets) !== undefined;
}

/** When the store last heard of what the facet tells; of an agent's activity an interaction tells, too. */
function heardAtMs(facets: Facets, name: ReadFacet): number {
  const at = facets[name]?.at ?? 0;
  return name === 'activity' ? Math.max(at, facets.interaction?.at ?? 0) : at;
}

function isSameContent(one: Version, other: Version): boolean {
  const { at: _at, id: _id, ...ours } = one;
  const { at: _otherAt, id: _otherId, ...theirs } = other;
  return Value.Equal(ours, theirs);
}
