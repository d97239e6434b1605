import { type Latency, NO_LATENCY } from './proxy.ts';

/** `calm`: no latency. `real`: as between the AWS regions that the local world's regions are named after. */
export type WeatherKind = 'calm' | 'real';

/**
 * Round trips in ms, rounded, as public measurements between AWS regions (e.g. cloudping.co, medians over months) have
 * typically shown them. They drift by some per cent from year to year with the cables in use.
 */
const ROUND_TRIPS_MS: [string, string, number][] = [
  ['us-east-1', 'eu-west-1', 75],
  ['us-east-1', 'ap-southeast-1', 220],
  ['eu-west-1', 'ap-southeast-1', 165],
];
/** Between two availability zones of one region. */
const WITHIN_A_REGION_MS = 1;
/** From a region to the edge of a platform near it. */
const TO_A_PLATFORM_MS = 4;
const JITTER_SHARE = 0.03;

/** The latency between two regions, or within one. @param toPlatform whether one end is a platform near the second */
export function latencyBetween(kind: WeatherKind, from: string, to: string, toPlatform = false): Latency {
  if (kind === 'calm') return NO_LATENCY;
  const found = ROUND_TRIPS_MS.find(([a, b]) => (a === from && b === to) || (a === to && b === from));
  const roundTripMs = (found?.[2] ?? WITHIN_A_REGION_MS) + (toPlatform ? TO_A_PLATFORM_MS : 0);
  const latencyMs = roundTripMs / 2;
  return { latencyMs, jitterMs: Math.round(latencyMs * JITTER_SHARE * 100) / 100 };
}
