import { compareVersions, type Facets, interactionsOf } from './facets.ts';
import { availableSince } from './status.ts';

/** What counts besides waiting, each said as "worth this many seconds of waiting". All 0: longest available first. */
export interface Weights {
  /** Bonus in seconds for each full year of tenure. */
  tenureSecondsPerYear: number;
  /** Bonus in seconds for a mean skill level of 100; scaled down linearly. */
  proficiencySeconds: number;
  /** Penalty in seconds for each minute the last interaction lasted: who just had a long one rests a little. */
  fairnessSecondsPerMinute: number;
  /** At request time: bonus in seconds for 100 levels above what the request requires, summed over its skills. */
  surplusSeconds: number;
}

interface VirtualArrival {
  /** Lower is taken first. Everybody ages at the same rate, so it holds until a facet changes. */
  arrivalMs: number;
  parts: { availableSinceMs: number; tenureBonusMs: number; proficiencyBonusMs: number; fairnessPenaltyMs: number };
}

const DAYS_PER_YEAR = 365;

/**
 * The agent's place in every queue: `available since - tenure bonus - proficiency bonus + fairness penalty`, in ms.
 * The same in every region, because every part of it is in the facets.
 */
export function virtualArrival(facets: Facets, weights: Weights): VirtualArrival {
  const { profile } = facets;
  const availableSinceMs = availableSince(facets);
  const levels = Object.values(profile?.skills ?? {});
  const meanLevel = levels.length > 0 ? levels.reduce((sum, level) => sum + level, 0) / levels.length : 0;
  const parts = {
    availableSinceMs,
    tenureBonusMs: Math.round(
      Math.floor((profile?.tenureDays ?? 0) / DAYS_PER_YEAR) * weights.tenureSecondsPerYear * 1000,
    ),
    proficiencyBonusMs: Math.round((meanLevel / 100) * weights.proficiencySeconds * 1000),
    fairnessPenaltyMs: Math.round((lastCallMs(facets) / 60_000) * weights.fairnessSecondsPerMinute * 1000),
  };
  const arrivalMs = Math.max(
    1,
    parts.availableSinceMs - parts.tenureBonusMs - parts.proficiencyBonusMs + parts.fairnessPenaltyMs,
  );
  return { arrivalMs, parts };
}

/** How long the last voice call took, in ms; 0 while it lasts. */
function lastCallMs(facets: Facets): number {
  const calls = interactionsOf(facets).filter(({ media }) => media === 'voice');
  const last = calls.sort(compareVersions).at(-1);
  return last?.state === 'ENDED' && last.connectedAt ? Math.max(0, last.at - last.connectedAt) : 0;
}

/** Skills a request requires, name to minimum level 0-100. */
export type RequiredSkills = Record<string, number>;
