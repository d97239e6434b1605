import type { RegionReport } from '../../src/contract/operators.ts';
import type { LocalRegion } from '../region/region.ts';
import type { Http } from '../tools/http.ts';
import { bucketsSince, joinBuckets, mergeHistograms, parseMetrics, quantile, type Sample, sum } from './prometheus.ts';

/** The measurements of one region's instances. */
export interface Reading {
  region: string;
  /** Instances that answered. */
  instances: number;
  samples: Sample[];
  /** The first instance's report on other regions; undefined if none answered. */
  report: RegionReport | undefined;
}

const PROPAGATION = 'muster_propagation_seconds';

export interface EventCounts {
  accepted: number;
  applied: number;
  duplicate: number;
  outdated: number;
  rejected: number;
}

export interface ClaimCounts {
  granted: number;
  none_available: number;
  refused: number;
}

/** Reads a region; instances that do not answer are left out. */
export async function readRegion({ name, instances }: LocalRegion, http: Http): Promise<Reading> {
  const pages = await Promise.allSettled(instances.map(({ url }) => http.muster(url).getMetrics()));
  const reports = await Promise.allSettled(instances.map(({ url }) => http.muster(url).getRegions()));
  const answered = pages.flatMap((page) => (page.status === 'fulfilled' ? [page.value.body] : []));
  return {
    region: name,
    instances: answered.length,
    samples: answered.flatMap(parseMetrics),
    report: reports.find((report) => report.status === 'fulfilled')?.value.body,
  };
}

export function eventsOf({ samples }: Reading): EventCounts {
  const count = (outcome: string) => sum(samples, 'muster_events_total', { outcome });
  return {
    accepted: count('accepted'),
    applied: count('applied'),
    duplicate: count('duplicate'),
    outdated: count('outdated'),
    rejected: count('rejected'),
  };
}

/** A claim on an agent homed elsewhere counts in both regions: at the one asked, and at the home. */
export function claimsOf({ samples }: Reading): ClaimCounts {
  const count = (outcome: string) => sum(samples, 'muster_claims_total', { outcome });
  return {
    granted: count('granted'),
    none_available: count('none'),
    refused: count('refused') + count('unavailable'),
  };
}

/**
 * From acceptance in one region to being applied in another, in ms.
 * @param before measurements at the start, which do not count; after a restart of a region all of its measurements count
 */
export function propagationMs(readings: readonly Reading[], before: readonly Reading[], q: number): number | undefined {
  const measured = readings.map(({ region, samples }) => {
    const earlier = before.find((reading) => reading.region === region)?.samples ?? [];
    return bucketsSince(mergeHistograms(samples, PROPAGATION), mergeHistograms(earlier, PROPAGATION));
  });
  const seconds = quantile(joinBuckets(measured.flat()), q);
  return seconds === undefined ? undefined : seconds * 1000;
}
