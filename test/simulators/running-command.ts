import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { until } from './until.ts';

/**
 * Runs a simulator as a command until `use` is done, and expects it to end in order.
 * @param use gets the part of its output that a pattern's group matches
 */
export async function withCommand(args: string[], use: (said: (pattern: RegExp) => string) => Promise<void>) {
  const child = spawn(process.execPath, ['simulators/cli.ts', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until(() => expect(output).toContain('/simulator/state'));
    await use((pattern) => String(pattern.exec(output)?.[1]));
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
}
