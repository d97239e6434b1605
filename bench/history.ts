import { execFileSync } from 'node:child_process';
import { CannotRun } from './options.ts';
import { align, short } from './table.ts';
import type { Target } from './targets.ts';

/** Where and how targets were measured. */
export interface Conditions {
  /** ISO day. */
  date: string;
  /** Short git hash, with a `+` if files differ from it. */
  revision: string;
  node: string;
  redis: string;
  cores: number;
  /** Measured time of each contestant of a comparison. */
  seconds: number;
}

/** One run in `bench/history.jsonl`. */
export interface Run extends Conditions {
  /** What was measured, by the target's name; null if it could not be. */
  targets: Record<string, number | null>;
}

const SIGNIFICANT = 4;
const UNKNOWN_REVISION = 'unknown';

/** A run as a line of the history, with its end. */
export function historyLine(conditions: Conditions, targets: Target[]): string {
  const measured = targets.map(({ name, measured }) => [name, rounded(measured)] as const);
  const run: Run = { ...conditions, targets: Object.fromEntries(measured) };
  return `${JSON.stringify(run)}\n`;
}

const rounded = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(SIGNIFICANT)) : null;

/** @throws Error naming the line that is not JSON */
export function readHistory(text: string): Run[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as Run];
    } catch (error) {
      throw new CannotRun(`line ${at + 1} of the history is not JSON`, { cause: error });
    }
  });
}

/**
 * The latest run of a revision beside the latest run, and the ratio of the latter to the former.
 * @param revision as in the history
 * @throws CannotRun naming the known revisions
 */
export function sideBySide(runs: Run[], revision: string): string {
  const before = runs.findLast((run) => run.revision === revision);
  const latest = runs.at(-1);
  if (!before || !latest) {
    const known = [...new Set(runs.map((run) => run.revision))];
    throw new CannotRun(`the history has no run of ${revision}; it has ${known.join(', ') || 'none at all'}`);
  }
  const names = [...new Set([before, latest].flatMap(({ targets }) => Object.keys(targets)))];
  const lines = names.map((name) => {
    const [was, is] = [before.targets[name], latest.targets[name]];
    return [name, short(was), short(is), typeof was === 'number' && typeof is === 'number' ? short(is / was) : '–'];
  });
  const head = ['', before.revision, latest.revision, 'ratio'];
  return align([head, ...conditionsOf(before, latest), ...lines], 0).join('\n');
}

function conditionsOf(before: Run, latest: Run): string[][] {
  return (['date', 'node', 'redis', 'cores', 'seconds'] as const).map((name) => [
    name,
    String(before[name]),
    String(latest[name]),
    '',
  ]);
}

/**
 * The revision of the files of a checkout.
 * @param ignored a file that does not count, from the root of the checkout
 */
export function revisionOf(root: string, ignored: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const isDirty = git('status', '--porcelain', '--', '.', `:(exclude)${ignored}`) !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isDirty ? '+' : ''}`;
  } catch {
    return UNKNOWN_REVISION; // not a checkout, or no git
  }
}
