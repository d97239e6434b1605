import type { Callers } from '../callers/callers.ts';
import type { LocalConnection, PlatformState } from '../platforms/connection.ts';
import { judgeDoubleBookings } from './double-bookings.ts';
import { eventsOf, propagationMs, type Reading } from './reading.ts';
import { latenciesOf, refusedCallsIn } from './report.ts';

/** The parts of a world that a snapshot reads. */
interface Observed {
  callers: Callers;
  connections: readonly LocalConnection[];
  /** Of every region, when it started. */
  firstReadings: readonly Reading[];
  /** Of every region, now. */
  readings(): Promise<Reading[]>;
}

/** The world at one moment, for the summary. Times in ms; undefined if nothing was measured. */
export interface Snapshot {
  seconds: number;
  regions: RegionSnapshot[];
  claims: { granted: number; p50Ms: number | undefined; p99Ms: number | undefined };
  propagationP99Ms: number | undefined;
  onQueue: number;
  idle: number;
  busy: number;
  connected: number;
  abandoned: number;
  nobody: number;
  inFlight: number;
  /** All of them, and those of them that `authority: verify` accounts for. */
  doubleBookings: number;
  doubleBookingsByVerify: number;
  /** Claims granted on a platform's word. */
  verified: number;
  refusedCalls: number;
}

export interface RegionSnapshot {
  region: string;
  /** Claims granted to calls that arrived here. */
  granted: number;
  p50Ms: number | undefined;
  p99Ms: number | undefined;
  nobody: number;
  eventsApplied: number;
  propagationP99Ms: number | undefined;
  /** Age of its knowledge of each other region; null if it has heard nothing. */
  ageMs: Map<string, number | null>;
}

export async function takeSnapshot(world: Observed): Promise<Snapshot> {
  const { callers, connections, firstReadings } = world;
  const readings = await world.readings();
  const platforms = connections.map((connection) => connection.state());
  const tallies = [...callers.tallies.values()];
  const booked = judgeDoubleBookings(connections, callers.verified);
  const { all } = latenciesOf(callers);
  const total = <T>(items: readonly T[], count: (item: T) => number) =>
    items.reduce((sum, item) => sum + count(item), 0);
  return {
    seconds: callers.activeSeconds,
    regions: readings.map((reading) => regionSnapshot(reading, world)),
    claims: { granted: all.count, p50Ms: all.quantile(0.5), p99Ms: all.quantile(0.99) },
    propagationP99Ms: propagationMs(readings, firstReadings, 0.99),
    onQueue: total(platforms, (platform: PlatformState) => platform.onQueue),
    idle: total(platforms, (platform) => platform.idle),
    busy: total(platforms, (platform) => platform.interacting),
    connected: total(tallies, (tally) => tally.connected),
    abandoned: total(tallies, (tally) => tally.abandoned),
    nobody: total(tallies, (tally) => tally.nobody),
    inFlight: callers.inFlight,
    doubleBookings: booked.total,
    doubleBookingsByVerify: booked.byVerify,
    verified: total(tallies, (tally) => tally.verified),
    refusedCalls: refusedCallsIn(platforms),
  };
}

function regionSnapshot(reading: Reading, { callers, firstReadings }: Observed): RegionSnapshot {
  const { region, report } = reading;
  const tally = callers.tallies.get(region);
  const { all } = latenciesOf({ tallies: new Map(tally ? [[region, tally]] : []) });
  const others = (report?.regions ?? []).filter((other) => other.region !== region);
  return {
    region,
    granted: all.count,
    p50Ms: all.quantile(0.5),
    p99Ms: all.quantile(0.99),
    nobody: tally?.nobody ?? 0,
    eventsApplied: eventsOf(reading).applied,
    propagationP99Ms: propagationMs([reading], firstReadings, 0.99),
    ageMs: new Map(others.map((other) => [other.region, other.age_ms])),
  };
}
