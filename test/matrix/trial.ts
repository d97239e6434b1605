import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/ops/clock.ts';
import type { WorldReport } from '../../world/reports/report.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AGENTS = 60;
const CALLS_FOR_SECONDS = 8;
/** What depends on how a server answers: rights, scripts, leases, promotions, moving slots, refusals, streams. */
const TESTS = [
  'test/serve/acl.test.ts',
  'test/store/claim.test.ts',
  'test/store/cluster.test.ts',
  'test/store/leases.test.ts',
  'test/bus/redis-streams',
  'test/faults/failover.test.ts',
  'test/faults/migration.test.ts',
  'test/faults/refusing-store.test.ts',
];
const LAST_WORDS = 25;

/** What a part of the trial of a server came to. */
export interface Outcome {
  part: 'world' | 'tests';
  ok: boolean;
  /** One line. */
  summary: string;
  tookMs: number;
  /** What it said last, where it failed. */
  lastWords: string[];
}

/** What a report shows that must not be, a line each; a world in which nobody was claimed shows nothing. */
export function faultsIn(report: WorldReport): string[] {
  const idle = report.regions.filter(({ claims }) => claims.granted === 0).map(({ region }) => region);
  return [
    ...(report.double_bookings === 0 ? [] : [`${report.double_bookings} double bookings`]),
    ...(report.lost_events === 0 ? [] : [`${report.lost_events} lost events`]),
    ...(report.converged ? [] : ['the regions do not agree']),
    ...idle.map((region) => `${region} granted no claim`),
    ...report.faults,
  ];
}

/** Runs the local world on a server, with calls, and judges it. Its log goes to `dir`. */
export async function tryWorld(server: string, dir: string, signal: AbortSignal): Promise<Outcome> {
  const file = join(dir, 'report.json');
  const flags = ['--agents', `${AGENTS}`, '--duration', `${CALLS_FOR_SECONDS}`, '--seed', '1', '--report', file];
  const { code, tookMs, said } = await run(['world/cli.ts', 'start', ...flags], { server, dir, signal });
  if (!existsSync(file)) {
    return {
      part: 'world',
      ok: false,
      summary: `it ended with code ${code}, without a report`,
      tookMs,
      lastWords: said,
    };
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as WorldReport;
  const faults = [...faultsIn(report), ...(code === 0 ? [] : [`it ended with code ${code}`])];
  const granted = report.regions.reduce((sum, { claims }) => sum + claims.granted, 0);
  const good = `${granted} claims granted, 0 double bookings, 0 lost events, converged`;
  const ok = faults.length === 0;
  return { part: 'world', ok, summary: ok ? good : faults.join('; '), tookMs, lastWords: ok ? [] : said };
}

/** Runs the tests that depend on the server, to their end: if they are interrupted, they leave servers behind. */
export async function tryTests(server: string, dir: string): Promise<Outcome> {
  const { code, tookMs, said } = await run(['node_modules/vitest/vitest.mjs', 'run', ...TESTS], { server, dir });
  const tally = said.findLast((line) => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line));
  const ok = code === 0 && tally !== undefined && !tally.startsWith('0 ');
  return { part: 'tests', ok, summary: tally ?? `they ended with code ${code}`, tookMs, lastWords: ok ? [] : said };
}

interface Surroundings {
  server: string;
  dir: string;
  /** Ends it, in order. */
  signal?: AbortSignal;
}

async function run(args: string[], { server, dir, signal }: Surroundings) {
  const file = join(dir, `${args[0]?.split('/').at(-1)}.log`);
  const startedMs = systemClock.monotonicMs();
  const env = { ...process.env, MUSTER_REDIS_SERVER: server, NO_COLOR: '1' };
  // In its own process group, so that Ctrl-C does not reach it.
  const options = { cwd: ROOT, env, detached: true, ...(signal && { signal }) };
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill();
  process.once('exit', kill);
  const log = createWriteStream(file);
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.write(chunk));
  // An abort ends the child as a signal does; its end is what is waited for.
  child.on('error', () => {});
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  process.off('exit', kill);
  await new Promise((resolve) => log.end(resolve));
  const said = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LAST_WORDS);
  return { code, tookMs: systemClock.monotonicMs() - startedMs, said };
}
