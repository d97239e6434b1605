import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const drill = (...args: string[]) =>
  spawnSync(process.execPath, ['src/cli.ts', 'drill', ...args], { encoding: 'utf8', timeout: 20_000 });

it.each([
  ['a drill that does not exist', ['--only', 'home-dies,nobody'], 'There is no drill "nobody"'],
  ['a folder that holds something already', ['--keep', 'src'], 'src is not an empty folder'],
  ['an option that does not exist', ['--fast'], "unknown option '--fast'"],
])('refuses %s with code 2 and one line', (_what, args, says) => {
  const { status, stdout, stderr } = drill(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(says);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
});
