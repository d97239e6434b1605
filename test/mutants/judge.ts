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
const COPIED = ['src', 'world', 'drills', 'package.json'];
const DRILL_LIMIT_MS = 5 * 60_000;

export interface Judgement {
  /** The drill failed, and for the reason it should. */
  caught: boolean;
  passed: boolean;
  /** The promises that were found broken. */
  broken: string[];
  /** The steps of the drill that failed. */
  failed: string[];
  tookMs: number;
}

/** Plays the mutant's drill with a copy of Muster that lacks its safeguard, and judges the histories with our own checkers. */
export async function judgeMutant(mutant: Mutant): Promise<Judgement> {
  const startedMs = systemClock.monotonicMs();
  const dir = mkdtempSync(join(tmpdir(), 'muster-mutant-'));
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    const file = join(dir, mutant.file);
    writeFileSync(file, mutate(readFileSync(file, 'utf8'), mutant));
    const failed = await play(mutant.drill, dir);
    const broken = await brokenIn(join(dir, 'kept'));
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

/** @returns the steps that failed. @throws Error if the drill cannot be played */
async function play(drill: string, dir: string): Promise<string[]> {
  const args = ['drills/cli.ts', '--only', drill, '--json', '--keep', join(dir, 'kept')];
  const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const limit = setTimeout(() => child.kill('SIGTERM'), DRILL_LIMIT_MS);
  const [told, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearTimeout(limit);
  if (told === '') throw new Error(`the drill ${drill} was not played: it ended with code ${code} and told nothing`);
  const { drills } = JSON.parse(told) as DrillsReport;
  return drills.flatMap(({ steps }) => steps.flatMap(({ name, ok }) => (ok ? [] : [name])));
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
