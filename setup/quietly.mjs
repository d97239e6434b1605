import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Something the host lacks and setup cannot bring. The message is one line that says what to do. */
export class Missing extends Error {}

/** One line of progress, on stderr so that a verb's own output stays clean. */
export function progress(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a command from the root without a word, unless it fails: then its output is shown.
 * @throws Missing with `remedy` when it cannot be run or fails
 */
export function runQuietly(command, args, remedy, env = process.env) {
  const result = spawnSync(command, args, { cwd: ROOT, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new Missing(`${[command, ...args].join(' ')} failed: ${result.error?.message ?? remedy}`);
}

/** What a command prints on stdout, or undefined when it cannot be run or fails. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout : undefined;
}
