import type { Verdict } from '../../src/verify/verify.ts';
import type { Callers } from '../callers/callers.ts';
import { Latencies } from '../callers/latencies.ts';
import type { PlatformState } from '../platforms/connection.ts';
import type { Convergence } from './convergence.ts';
import type { DoubleBookings } from './double-bookings.ts';
import { type ClaimCounts, claimsOf, type EventCounts, eventsOf, propagationMs, type Reading } from './reading.ts';

/** The activity of a world, and whether it kept its promises. Times in ms; null if nothing was measured. */
export interface WorldReport {
  /** Time from the start until the world was ready for calls. */
  ready_ms: number;
  /** Time for which calls arrived. */
  duration_s: number;
  agents: number;
  regions: { region: string; instances: number; events: EventCounts; claims: ClaimCounts }[];
  /** Measured by callers. A remote claim was granted by a home elsewhere. */
  claims: {
    per_second: number;
    p50_ms: number | null;
    p99_ms: number | null;
    local_p50_ms: number | null;
    remote_p50_ms: number | null;
  };
  propagation: { p50_ms: number | null; p99_ms: number | null };
  /** Calls sent to an agent who had no room for them, counted by the platforms, which know nothing of Muster. */
  double_bookings: number;
  /**
   * Of these, what `authority: verify` accounts for: one of the two calls had its agent on the platform's word, because
   * the agent's home could not be asked. The others are faults.
   */
  double_bookings_by_verify: number;
  /** Calls sent to an agent who had room but was away, e.g. on a break that Muster had not heard of yet. */
  refused_calls: number;
  lost_events: number;
  converged: boolean;
  /** Problems, a line each; empty if there were none. */
  faults: string[];
}

interface Evidence {
  readyMs: number;
  agents: number;
  callers: Callers;
  readings: Reading[];
  /** Readings when the world was ready, so that the first full readings do not count. */
  firstReadings: Reading[];
  /** The true state of each platform. */
  platforms: PlatformState[];
  doubleBookings: DoubleBookings;
  convergence: Convergence;
  verdict: Verdict;
}

const EXAMPLES = 2;

export function reportOn(evidence: Evidence): WorldReport {
  const { readyMs, agents, callers, readings, firstReadings, platforms, doubleBookings, convergence, verdict } =
    evidence;
  const { local, remote, all } = latenciesOf(callers);
  const durationSeconds = callers.activeSeconds;
  return {
    ready_ms: Math.round(readyMs),
    duration_s: rounded(durationSeconds) ?? 0,
    agents,
    regions: readings.map((reading) => ({
      region: reading.region,
      instances: reading.instances,
      events: eventsOf(reading),
      claims: claimsOf(reading),
    })),
    claims: {
      per_second: durationSeconds > 0 ? (rounded(all.count / durationSeconds) ?? 0) : 0,
      p50_ms: rounded(all.quantile(0.5)),
      p99_ms: rounded(all.quantile(0.99)),
      local_p50_ms: rounded(local.quantile(0.5)),
      remote_p50_ms: rounded(remote.quantile(0.5)),
    },
    propagation: {
      p50_ms: rounded(propagationMs(readings, firstReadings, 0.5)),
      p99_ms: rounded(propagationMs(readings, firstReadings, 0.99)),
    },
    double_bookings: doubleBookings.total,
    double_bookings_by_verify: doubleBookings.byVerify,
    refused_calls: refusedCallsIn(platforms),
    lost_events: verdict.counts.events.lost,
    converged: convergence.converged,
    faults: faultsIn(evidence),
  };
}

/** Latencies of all claims, and of those granted at the region asked and elsewhere. */
export function latenciesOf({ tallies }: Pick<Callers, 'tallies'>): Record<'local' | 'remote' | 'all', Latencies> {
  const merged = { local: new Latencies(), remote: new Latencies(), all: new Latencies() };
  for (const tally of tallies.values()) {
    merged.local.merge(tally.local);
    merged.remote.merge(tally.remote);
  }
  merged.all.merge(merged.local);
  merged.all.merge(merged.remote);
  return merged;
}

export function doubleBookingsIn(platforms: readonly PlatformState[]): number {
  return platforms.reduce((total, { doubleBookings }) => total + doubleBookings, 0);
}

export function refusedCallsIn(platforms: readonly PlatformState[]): number {
  return platforms.reduce((total, { refusals }) => total + refusals, 0);
}

function faultsIn({ callers, doubleBookings, convergence, verdict }: Evidence): string[] {
  const { total, byVerify, unexplained } = doubleBookings;
  const promises = verdict.checks
    .filter(({ outcome }) => outcome === 'broken')
    .map(({ name, total, violations }) =>
      fault(
        total,
        name === 'delivered' ? 'lost events' : `times the promise "${name}" was broken`,
        violations.map(({ what, lines }) => `${what} (${lines.join(', ')})`),
      ),
    );
  return [
    fault(total - byVerify, 'double bookings', unexplained),
    fault(convergence.differing, 'agents on whom the regions and the platforms differ', convergence.differences),
    ...promises,
    fault(callers.surprises.length, 'answers no call should get', callers.surprises),
  ].filter((line) => line !== '');
}

/** One line with a few examples; empty for none. */
function fault(count: number, what: string, examples: string[]): string {
  return count === 0 ? '' : `${count} ${what}, e.g. ${examples.slice(0, EXAMPLES).join('; ')}`;
}

function rounded(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value * 1000) / 1000;
}
