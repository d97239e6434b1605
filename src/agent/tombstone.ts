import type { AgentEvent } from './event.ts';
import { type Facets, interactionsOf, type Version } from './facets.ts';

/**
 * An agent is forgotten by a tombstone: a register like any other, of which the latest stands. Whatever was said up to its
 * time is gone, in whatever order it comes; what is said later counts, so that whoever comes back is there again. Claims
 * are no such words and stay: their fences must never go back.
 */
type Tombstone = Version;

const BURIED = ['profile', 'presence', 'activity'] as const;

/** The later of two tombstones by time, which alone decides what is gone. */
export function laterTombstone(a: Tombstone | undefined, b: Tombstone | undefined): Tombstone | undefined {
  return a && b ? (a.at >= b.at ? a : b) : (a ?? b);
}

/** Whether the agent has been forgotten since this was said. */
export const isBuried = (tombstone: Tombstone | undefined, { at }: Pick<Version, 'at'>): boolean =>
  tombstone !== undefined && at <= tombstone.at;

/** The facets without what was said up to the tombstone. */
export function unburied(facets: Facets, tombstone: Tombstone | undefined): Facets {
  const left = { ...facets };
  if (!tombstone) return left;
  for (const name of BURIED) if (left[name] && isBuried(tombstone, left[name])) delete left[name];
  if (!left.interactions) return left;
  const { byCall, forgottenBefore } = left.interactions;
  const calls = Object.entries(byCall).filter(([, one]) => !isBuried(tombstone, one));
  if (calls.length === Object.keys(byCall).length) return left;
  left.interactions = { ...left.interactions, byCall: Object.fromEntries(calls) };
  if (calls.length === 0 && forgottenBefore === undefined) delete left.interactions;
  return left;
}

/** Everything that was said of the agent, but for claims. */
const wordsOf = (facets: Facets): Version[] => [
  ...BURIED.flatMap((name) => facets[name] ?? []),
  ...interactionsOf(facets),
];

/** Whether nothing is known of the agent but that they were forgotten, and claims of before. */
export const isForgotten = (facets: Facets): boolean => facets.forgotten !== undefined && wordsOf(facets).length === 0;

/** When the agent was last spoken of, in platform ms; 0 if never. */
export const lastWordMs = (facets: Facets): number => Math.max(0, ...wordsOf(facets).map(({ at }) => at));

/** Whether nobody has spoken of the agent since `cutoffMs`, and the last that was said is that they are not there. */
export function isSilent(facets: Facets, cutoffMs: number): boolean {
  // Of whom no presence was told, somebody may be telling it just now.
  return facets.presence?.state === 'OFF_DUTY' && lastWordMs(facets) <= cutoffMs;
}

/** Tells everybody that an agent was forgotten. */
export function forgettingOf(region: string, agentId: string, forgotten: Tombstone, source: string): AgentEvent {
  return { eventId: forgotten.id, agentId, timestampMs: forgotten.at, region, source, facets: { forgotten } };
}
