import { setTimeout as delay } from 'node:timers/promises';
import type { RegionReport } from '../../src/contract/operators.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { LocalConnection } from '../platforms/connection.ts';
import type { LocalRegion } from '../region/region.ts';
import type { Http } from '../tools/http.ts';
import type { OnProgress } from '../tools/step.ts';

/** Limit without progress: a reading that has used up a minute's requests waits for the next minute. */
const LIMIT_MS = 90_000;
const REPORT_EVERY_MS = 2_000;
const POLL_MS = 100;
/** An age that a region reports leaves out the shortest network delay, which is less than this. */
const ON_THE_WAY_MS = 500;

interface Scene {
  regions: readonly LocalRegion[];
  connections: readonly LocalConnection[];
  http: Http;
  signal: AbortSignal | undefined;
  /** Called now and then with what is missing. */
  onProgress: OnProgress;
}

/**
 * Resolves once every region knows every agent, and has one to hand out. A region knows them if its watermark says so: it
 * has applied everything that their home published until its mirror was complete.
 * @throws Error saying what is missing
 */
export async function awaitAgents({ regions, connections, http, signal, onProgress }: Scene): Promise<void> {
  // The same text again is no progress.
  const seen = new Set<string>();
  let [sinceMs, reportedMs] = [systemClock.monotonicMs(), systemClock.monotonicMs()];
  for (;;) {
    signal?.throwIfAborted();
    const dead = regions.flatMap(({ instances }) => instances).find(({ pid }) => pid === undefined);
    if (dead) throw new Error(`the instance ${dead.name} ended unexpectedly; the end of its log:\n${dead.lastWords()}`);
    // An instance may answer the next time: on a busy machine connections break now and then.
    const missing = await whatIsMissing(regions, connections, http).catch((error: Error) => error.message);
    if (!missing) return;
    const nowMs = systemClock.monotonicMs();
    if (!seen.has(missing)) sinceMs = nowMs;
    seen.add(missing);
    if (nowMs > sinceMs + LIMIT_MS) throw new Error(`${missing}; that has been so for ${LIMIT_MS} ms`);
    if (nowMs > reportedMs + REPORT_EVERY_MS) {
      onProgress(missing);
      reportedMs = nowMs;
    }
    await delay(POLL_MS);
  }
}

async function whatIsMissing(
  regions: readonly LocalRegion[],
  connections: readonly LocalConnection[],
  http: Http,
): Promise<string | undefined> {
  const completeAtMs = new Map<string, number>();
  for (const { name, home, agents } of connections) {
    const reports = await reportsOf(regions, home, http);
    const read = reports.flatMap(({ connections }) => connections).find(({ connection }) => connection === name);
    if (!read || read.read_age_ms === null || read.agents < agents) {
      return `${name} has not been read completely: ${read?.agents ?? 0} of ${agents} agents`;
    }
    const atMs = systemClock.nowMs() - read.read_age_ms;
    completeAtMs.set(home, Math.max(atMs, completeAtMs.get(home) ?? 0));
  }
  for (const { name, url } of regions) {
    const { regions: known } = (await http.muster(url).getRegions()).body;
    for (const [home, atMs] of completeAtMs) {
      const ageMs = home === name ? 0 : known.find(({ region }) => region === home)?.age_ms;
      const isComplete = typeof ageMs === 'number' && systemClock.nowMs() - ageMs - ON_THE_WAY_MS > atMs;
      if (!isComplete) return `${name} does not know all agents of ${home}`;
    }
    const { in_line } = (await http.muster(url).getQueue({ params: { id: 'global' } })).body;
    if (in_line === 0) return `${name} has no agent to hand out`;
  }
  return undefined;
}

async function reportsOf(regions: readonly LocalRegion[], home: string, http: Http): Promise<RegionReport[]> {
  const instances = regions.find(({ name }) => name === home)?.instances ?? [];
  return Promise.all(
    instances.map(({ url }) =>
      http
        .muster(url)
        .getRegions()
        .then(({ body }) => body),
    ),
  );
}
