import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { Process } from '../../world/tools/process.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-process-'));
const logFile = join(dir, 'logs', 'program.log');
const ends: boolean[] = [];
const program = new Process({ name: 'the program', logFile, stopLimitMs: 200, onEnd: (asked) => ends.push(asked) });
const node = (code: string): [string, string[]] => [process.execPath, ['--eval', code]];
const WAITS = "console.log('up'); setInterval(() => {}, 1000);";
const isUp = async (): Promise<boolean> => readFileSync(logFile, 'utf8') === 'up\n'.repeat(ends.length + 1);

afterEach(async () => {
  await program.kill('SIGKILL');
  ends.length = 0;
  rmSync(logFile, { force: true });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('a program runs until it is stopped, and can be started again', async () => {
  for (const _ of [1, 2]) {
    program.start(...node(WAITS));
    await program.untilServing(isUp, 20_000);
    expect(program.pid).toBeGreaterThan(0);
    await program.stop();
    expect(program.isRunning).toBe(false);
    expect(program.pid).toBeUndefined();
  }
  expect(ends).toEqual([true, true]);
  expect(program.lastWords()).toBe('up\nup');
});

test('a program that is frozen, or heeds no signal, is stopped by force', async () => {
  program.start(...node(`process.on('SIGTERM', () => {}); ${WAITS}`));
  await program.untilServing(isUp, 20_000);
  await program.kill('SIGSTOP');
  await program.stop();
  expect(program.isRunning).toBe(false);
});

test('a second start is refused while it runs', async () => {
  program.start(...node(WAITS));
  expect(() => program.start(...node(WAITS))).toThrow('the program runs already');
});

test('an end that nobody asked for is told, with the end of the log', async () => {
  program.start(...node("console.error('no memory'); process.exit(3);"));
  await expect(program.untilServing(async () => false, 20_000)).rejects.toThrow('did not start:\nno memory');
  expect(ends).toEqual([false]);
});

test('a program that never serves is ended', async () => {
  program.start(...node(WAITS));
  await program.untilServing(isUp, 20_000);
  await expect(program.untilServing(async () => false, 50)).rejects.toThrow('did not answer within 50 ms:\nup');
  expect(program.isRunning).toBe(false);
});

test('a program that runs to its end has an exit code', async () => {
  expect(await program.run(...node('process.exit(7)'))).toBe(7);
});

test('a program that is not there is named', async () => {
  program.start(join(dir, 'nothing'), []);
  await expect(program.untilServing(async () => false, 20_000)).rejects.toThrow(/did not start:\n.*ENOENT/);
  await expect(program.run(join(dir, 'nothing'), [])).rejects.toThrow('ENOENT');
});
