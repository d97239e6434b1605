import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Conditions, historyLine, readHistory, revisionOf, sideBySide } from '../../bench/history.ts';
import { CannotRun } from '../../bench/options.ts';
import { atMost } from '../../bench/targets.ts';

const CONDITIONS: Conditions = {
  date: '2026-01-02',
  revision: '40cfc1e',
  node: '24.21.0',
  redis: '7.0.15',
  cores: 2,
  seconds: 1.5,
};

const line = (revision: string, targets: Record<string, number>): string =>
  historyLine(
    { ...CONDITIONS, revision },
    Object.entries(targets).map(([name, measured]) => atMost(name, 1, measured)),
  );

test('a run is one line, with what was measured by the names of targets', () => {
  const written = line('40cfc1e', { 'claims: script µs': 98.56789, 'claims: p50': Number.NaN });
  expect(written).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(written)).toEqual({
    ...CONDITIONS,
    targets: { 'claims: script µs': 98.57, 'claims: p50': null },
  });
  expect(readHistory(written + written)).toHaveLength(2);
});

test('a line that is not JSON is named', () => {
  expect(() => readHistory(`${line('40cfc1e', {})}{`)).toThrow('line 2');
});

test('the latest run of a revision is compared with the latest run', () => {
  const history = readHistory(
    line('aaa', { script: 70, p50: 4 }) +
      line('aaa', { script: 60, p50: 3, gone: 1 }) +
      line('bbb', { script: 50 }) +
      line('ccc+', { script: 30, p50: Number.NaN, added: 1234.5 }),
  );
  expect(`\n${sideBySide(history, 'aaa')}`).toMatchInlineSnapshot(`
    "
                    aaa        ccc+  ratio
    date     2026-01-02  2026-01-02
    node        24.21.0     24.21.0
    redis        7.0.15      7.0.15
    cores             2           2
    seconds         1.5         1.5
    script           60          30    0.5
    p50               3           –      –
    gone              1           –      –
    added             –       1,240      –"
  `);
});

test('the latest revision can be compared with itself', () => {
  expect(sideBySide(readHistory(line('aaa', { script: 60 })), 'aaa')).toMatch(/script +60 +60 +1$/m);
});

test('an unknown revision is answered with the known ones, on one line', () => {
  const history = readHistory(line('aaa', {}) + line('bbb+', {}) + line('aaa', {}));
  expect(() => sideBySide(history, 'bbb')).toThrow(new CannotRun('the history has no run of bbb; it has aaa, bbb+'));
  expect(() => sideBySide([], 'bbb')).toThrow(new CannotRun('the history has no run of bbb; it has none at all'));
});

test('a revision says whether files differ from it, the history aside', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-revision-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: dir, encoding: 'utf8' }).trim();
  git('init', '--quiet');
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  git(...author, 'commit', '--quiet', '--allow-empty', '--no-gpg-sign', '-m', 'Begin');
  const hash = git('rev-parse', '--short', 'HEAD');
  expect(revisionOf(dir, 'history.jsonl')).toBe(hash);
  writeFileSync(join(dir, 'history.jsonl'), '{}\n');
  expect(revisionOf(dir, 'history.jsonl')).toBe(hash);
  writeFileSync(join(dir, 'other'), '');
  expect(revisionOf(dir, 'history.jsonl')).toBe(`${hash}+`);
});

test('without a checkout the revision is unknown', () => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-revision-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  expect(revisionOf(dir, 'history.jsonl')).toBe('unknown');
});
