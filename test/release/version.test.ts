import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../release/command.ts';
import { releasePage } from '../../release/version.ts';
import { describeBuild, readBuild } from '../../src/ops/build.ts';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-version-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder with a package.json, and what else. */
function tree(name: string, files: Record<string, string> = {}): string {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  for (const [file, text] of Object.entries({ 'package.json': '{ "version": "1.2.3" }', ...files }))
    writeFileSync(join(root, file), text);
  return root;
}

const git = (root: string, ...args: string[]): string =>
  execFileSync('git', ['-C', root, '-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
    encoding: 'utf8',
  });

test('muster --version says which build runs', () => {
  const said = execFileSync(process.execPath, [join(ROOT, 'src/cli.ts'), '--version'], { encoding: 'utf8' });
  expect(said).toBe(`${describeBuild(readBuild())}\n`);
  expect(said).toMatch(new RegExp(`^${version} \\(.+\\)\n$`));
});

test('a package says what it was built from', () => {
  const origin = { revision: '0123456789ab', kind: 'package', builtAt: '2026-11-30T10:00:00Z' };
  const build = readBuild(tree('package', { 'build.json': JSON.stringify(origin) }));
  expect(build).toEqual({ version: '1.2.3', ...origin });
  expect(describeBuild(build)).toBe('1.2.3 (0123456789ab, package built 2026-11-30T10:00:00Z)');
});

test('a checkout says its revision, and whether files differ from it', () => {
  const root = tree('checkout');
  git(root, 'init', '-q');
  git(root, 'add', '.');
  git(root, 'commit', '-qm', 'Begin');
  const revision = git(root, 'rev-parse', '--short=12', 'HEAD').trim();
  expect(readBuild(root)).toEqual({ version: '1.2.3', revision, kind: 'checkout' });
  writeFileSync(join(root, 'package.json'), '{ "version": "1.2.4" }');
  expect(describeBuild(readBuild(root))).toBe(`1.2.4 (${revision}-dirty, checkout)`);
  // Below a repository of somebody else, whose revision is not ours.
  expect(readBuild(tree('checkout/vendored')).kind).toBe('unknown');
});

test('what is neither says that it does not know', () => {
  const build = readBuild(tree('bare'));
  expect(build).toEqual({ version: '1.2.3', revision: 'unknown', kind: 'unknown' });
  expect(describeBuild(build)).toBe('1.2.3 (unknown build)');
});

test('the version is semantic, and has a section in the changelog and a page', () => {
  expect(readFileSync(releasePage(version), 'utf8')).toContain(`# Muster ${version.split('.', 2).join('.')}`);
});

test.each([
  ['1.2', 'package.json: 1.2 is no semantic version'],
  ['01.2.3', 'package.json: 01.2.3 is no semantic version'],
  ['99.0.0', 'CHANGELOG.md has no section "## [99.0.0]" for 99.0.0'],
  ['99.0.0-dev', 'docs/releases/99.0.md is missing: it says what 99.0.0-dev brings'],
])('%s is not released', (wrong, why) => {
  expect(() => releasePage(wrong)).toThrow(why);
});
