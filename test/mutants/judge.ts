import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/ops/clock.ts';
import { verify } from '../../src/verify/verify.ts';
import type { Mutant } from './mutants.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['src', 'local', 'package.json'];
const DRILL_LIMIT_MS = 5 * 60_000;

export interface Judgement {
  /** The drill failed, and for the reason it should. */
  caught: boolean;
  passed: boolean;
  /** The promises that were found broken. */
  broken: string[];
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
    const passed = await play(mutant.drill, dir);
    const broken = await brokenIn(join(dir, 'kept'));
    const caught = !passed && mutant.breaks.every((name) => broken.includes(name));
    return { caught, passed, broken, tookMs: systemClock.monotonicMs() - startedMs };
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

async function play(drill: string, dir: string): Promise<boolean> {
  const args = ['src/cli.ts', 'drill', '--only', drill, '--keep', join(dir, 'kept')];
  const child = spawn(process.execPath, args, { cwd: dir, stdio: 'ignore' });
  const limit = setTimeout(() => child.kill('SIGTERM'), DRILL_LIMIT_MS);
  const [code] = await once(child, 'close');
  clearTimeout(limit);
  return code === 0;
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
