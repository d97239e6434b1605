import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../release/command.ts';

const UNIT = readFileSync(join(ROOT, 'deploy/systemd/muster.service'), 'utf8');
const COMMAND = '/usr/local/bin/muster';
const MUST_BE_BELOW = 2;

const tool = 'systemd-analyze';
const isThere = spawnSync(tool, ['--version']).status === 0;
if (!isThere) console.warn(`SKIPPED: ${tool} is missing, so deploy/systemd/muster.service was not verified`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-systemd-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command is not installed here, which is all that may be said of the unit: another program stands in for it. */
function verify(unit: string): { said: string; status: number | null } {
  const file = join(folder, 'muster.service');
  writeFileSync(file, unit.replace(COMMAND, process.execPath));
  const { stdout, stderr, status } = spawnSync(tool, ['verify', '--man=no', file], { encoding: 'utf8' });
  return { said: `${stdout}${stderr}`, status };
}

test.skipIf(!isThere)('systemd has nothing to say about the unit', () => {
  expect(UNIT).toContain(`ExecStart=${COMMAND} serve --config`);
  expect(verify(UNIT)).toEqual({ said: '', status: 0 });
});

test.skipIf(!isThere)('it would say that a key is unknown', () => {
  expect(verify(UNIT.replace('RestartSec', 'RestartSeconds')).said).toContain('RestartSeconds');
});

test.skipIf(!isThere)(`its exposure is below ${MUST_BE_BELOW}, of 10`, () => {
  const args = ['security', '--offline=true', '--no-pager', `--threshold=${MUST_BE_BELOW * 10}`];
  const { status, stdout } = spawnSync(tool, [...args, join(ROOT, 'deploy/systemd/muster.service')], {
    encoding: 'utf8',
  });
  const [, exposure = ''] = /Overall exposure level for muster\.service: ([\d.]+)/.exec(stdout) ?? [];
  expect([status, Number(exposure) < MUST_BE_BELOW]).toEqual([0, true]);
});

test('it waits for longer than Redis takes to give up a master, and lets an instance hand over', () => {
  const secondsOf = (key: string): number => Number(new RegExp(`^${key}=(\\d+)$`, 'm').exec(UNIT)?.[1]);
  const advice = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const nodeTimeoutMs = Number(/`cluster-node-timeout` \| \d+ to (\d+)/.exec(advice)?.[1]);
  expect(nodeTimeoutMs).toBeGreaterThan(1000);
  expect(secondsOf('RestartSec') * 1000).toBeGreaterThan(nodeTimeoutMs);
  expect(secondsOf('TimeoutStopSec')).toBeGreaterThanOrEqual(15);
});
