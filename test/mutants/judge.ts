import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { DrillsReport } from '../../drills/stage/report.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { verify } from '../../src/verify/verify.ts';
import type { Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'world', 'drills', 'test/crash-points', 'package.json'];
const DRILL_LIMIT_MS = 5 * 60_000;

export interface Judgement {
  /** The drill failed, and for the reason it should. */
  caught: boolean;
  passed: boolean;
  /** The promises that were found broken. */
  broken: string[];
  /** The steps of the drill, or the crash points, that failed. */
  failed: string[];
  tookMs: number;
}

/** Plays the mutant's drill or crash point with a copy of Muster that lacks its safeguard. */
export async function judgeMutant(mutant: Mutant): Promise<Judgement> {
  const startedMs = systemClock.monotonicMs();
  const dir = mkdtempSync(join(tmpdir(), 'muster-mutant-'));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    const file = join(dir, mutant.file);
    writeFileSync(file, mutate(readFileSync(file, 'utf8'), mutant));
    const { failed, broken } = await (isCrashPoint(mutant)
      ? playPoint(mutant.drill, dir)
      : playDrill(mutant.drill, dir));
    const missing = missingIn(mutant, { broken, failed });
    const tookMs = systemClock.monotonicMs() - startedMs;
    return { caught: failed.length > 0 && missing.length === 0, passed: failed.length === 0, broken, failed, tookMs };
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** @throws Error if the text is not there, or more than once: then the safeguard has moved, and the mutant must, too */
export function mutate(source: string, { name, file, text, becomes }: Mutant): string {
  const [before, after, ...more] = source.split(text);
  if (after === undefined || more.length > 0) {
    throw new Error(`the mutant ${name} does not fit ${file}: its text must occur there exactly once`);
  }
  return `${before}${becomes}${after}`;
}

/** What the mutant should have broken, and has not: promises, and the step that sees it itself. */
export function missingIn(
  { breaks, step }: Mutant,
  { broken, failed }: Pick<Judgement, 'broken' | 'failed'>,
): string[] {
  const steps = step === undefined || failed.includes(step) ? [] : [step];
  return [...breaks.filter((name) => !broken.includes(name)), ...steps];
}

export const isCrashPoint = ({ drill }: Mutant): boolean => drill.includes(':');

type Played = Pick<Judgement, 'failed' | 'broken'>;

/** Judges the histories with our own checkers. @throws Error if the drill cannot be played */
async function playDrill(drill: string, dir: string): Promise<Played> {
  const told = await run(['drills/cli.ts', '--only', drill, '--json', '--keep', join(dir, 'kept')], dir);
  const { drills } = JSON.parse(told) as DrillsReport;
  const failed = drills.flatMap(({ steps }) => steps.flatMap(({ name, ok }) => (ok ? [] : [name])));
  return { failed, broken: await brokenIn(join(dir, 'kept')) };
}

/** @throws Error if the point cannot be played */
async function playPoint(point: string, dir: string): Promise<Played> {
  const lines = (await run(['test/crash-points/run.ts', '--only', point], dir)).split('\n');
  const failed = lines.flatMap((line) => /^✗ (\S+)/.exec(line)?.[1] ?? []);
  return { failed, broken: [...new Set(lines.flatMap((line) => /^ {4}(\w+): /.exec(line)?.[1] ?? []))] };
}

/** Runs a command of the copy. @returns what it prints. @throws Error if it prints nothing */
async function run(args: string[], dir: string): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const limit = setTimeout(() => child.kill('SIGTERM'), DRILL_LIMIT_MS);
  const [told, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearTimeout(limit);
  if (told === '') throw new Error(`${args.join(' ')} was not played: it ended with code ${code} and told nothing`);
  return told;
}

/** Judges the acts of a drill one by one: each has a world of its own. */
async function brokenIn(kept: string): Promise<string[]> {
  const broken = new Set<string>();
  for (const world of globSync(join(kept, '**', 'world.history.jsonl'))) {
    const { checks } = await verify(globSync(join(dirname(world), '*.history.jsonl')));
    for (const { name, outcome } of checks) if (outcome === 'broken') broken.add(name);
  }
  return [...broken];
}
