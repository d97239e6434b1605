import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { DrillsReport } from '../../drills/stage/report.ts';

const drill = (...args: string[]): [string, string[]] => [process.execPath, ['drills/cli.ts', ...args]];

it.each([
  ['a drill that does not exist', ['--only', 'home-dies,nobody'], 'There is no drill "nobody"'],
  ['a folder that holds something already', ['--keep', 'src'], 'src is not an empty folder'],
  ['an option that does not exist', ['--fast'], "unknown option '--fast'"],
])('refuses %s with code 2 and one line', (_what, args, says) => {
  const { status, stdout, stderr } = spawnSync(...drill(...args), { encoding: 'utf8', timeout: 45_000 });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(says);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
});

it('plays a drill against a world of its own, with nothing but the result on standard output', async () => {
  const { stdout, stderr } = await promisify(execFile)(...drill('--only', 'zombie-agent', '--json'));
  const { ok, drills } = JSON.parse(stdout) as DrillsReport;
  expect(ok, stderr).toBe(true);
  expect(drills).toMatchObject([{ name: 'zombie-agent', ok: true, double_bookings: 0, refusals: {} }]);
  expect(drills[0]?.steps.map(({ name, ok }) => `${ok} ${name}`)).toContain(
    'true Reconciliation finds the difference, and every region learns of it',
  );
  for (const { evidence } of drills[0]?.steps ?? []) expect(Object.keys(evidence).length).toBeGreaterThan(0);
  expect(stderr).toContain('✓ 1 of 1 drills passed');
}, 120_000);
