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

const PAUSE_MS = 2000;
/** How long a command is repeated while another one is in its way, in ms. */
const PATIENCE_MS = 300_000;

/**
 * Runs a command from the root without a word, unless it fails: then its output is shown.
 * @param busy what a command prints that fails because another one is at work; it is repeated for five minutes
 * @throws Missing with `remedy` when it cannot be run or fails
 */
export function runQuietly(command, args, remedy, busy) {
  const options = { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  let result = spawnSync(command, args, options);
  const isBusy = () => result.status !== 0 && busy?.test(result.stderr ?? '');
  for (let waitedMs = 0; isBusy() && waitedMs < PATIENCE_MS; waitedMs += PAUSE_MS) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    result = spawnSync(command, args, options);
  }
  if (result.status === 0) return;
  process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  throw new Missing(`${[command, ...args].join(' ')} failed: ${result.error?.message ?? remedy}`);
}

/** What a command prints on stdout, or undefined when it cannot be run or fails. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout : undefined;
}
