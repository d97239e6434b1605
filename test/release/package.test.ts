import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../release/command.ts';
import { licencesOf, PERMITTED } from '../../release/licences.ts';
import { COMMAND, type Lock, type Manifest, productionPackages } from '../../release/manifest.ts';
import { assemblePackage, pack, readJson } from '../../release/package.ts';
import type { Build } from '../../src/ops/build.ts';

/** The package as it would be published, but for its dependencies: those of the checkout. */
const MOST_BYTES = 5 * 1024 * 1024;
const BUILD: Build = { version: readJson<Manifest>('package.json').version, revision: '0123456789ab', kind: 'package' };

let folder: string;
let packed: { archive: string; unpackedSize: number };
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-package-'));
  assemblePackage(join(folder, 'package'), BUILD);
  packed = pack(join(folder, 'package'), folder);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesBelow(place: string): string[] {
  const entries = readdirSync(place, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => join(parentPath, name).slice(place.length + 1)).sort();
}

const runPackaged = (node: string, args: string[]) =>
  spawnSync(node, [...args.slice(0, -1), join(folder, 'package', COMMAND), args.at(-1) ?? ''], { encoding: 'utf8' });

test('has each source as JavaScript with types, and each file beside them', () => {
  const expected = filesBelow(join(ROOT, 'src')).flatMap((path) =>
    path.endsWith('.ts') ? [path.replace(/\.ts$/, '.js'), path.replace(/\.ts$/, '.d.ts')] : [path],
  );
  expect(filesBelow(join(folder, 'package/lib'))).toEqual(expected.sort());
  expect(expected).toContain('store/scripts/claim.lua');
});

test('has nothing that only a checkout needs', () => {
  const top = new Set(filesBelow(join(folder, 'package')).map((path) => path.split('/', 1)[0]));
  expect([...top].sort()).toEqual(
    [
      ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'bin', 'build.json', 'deploy', 'docs', 'integrations'],
      ...['lib', 'npm-shrinkwrap.json', 'package.json'],
    ].sort(),
  );
  expect(filesBelow(join(folder, 'package')).filter((path) => /(?<!\.d)\.ts$/.test(path))).toEqual([]);
  expect(packed.unpackedSize).toBeLessThanOrEqual(MOST_BYTES);
});

test('runs, and says what it was built from', () => {
  const { stdout, status } = runPackaged(process.execPath, ['--version']);
  expect([stdout, status]).toEqual([`${BUILD.version} (0123456789ab, package)\n`, 0]);
});

test('says in one line that Node is too old', () => {
  const pretend = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'22.9.0'})`;
  const { stdout, stderr, status } = runPackaged(process.execPath, ['--import', pretend, '--version']);
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toMatch(/^muster: needs Node 24 or later, this is v[\d.]+: see https:\/\/nodejs\.org\n$/);
});

const OLD = oldNode();

test.skipIf(OLD === undefined)(`says so under ${OLD ?? 'a Node older than 24, of which there is none here'}`, () => {
  const { stdout, stderr, status } = runPackaged(OLD ?? '', ['--version']);
  expect([stdout, status]).toEqual(['', 1]);
  expect(stderr).toMatch(/^muster: needs Node 24 or later, this is v[\d.]+: see https:\/\/nodejs\.org\n$/);
});

/** A Node of the host that is too old, if it has one. */
function oldNode(): string | undefined {
  const nodes = (process.env.PATH ?? '').split(delimiter).map((place) => join(place, 'node'));
  return nodes.filter(existsSync).find((node) => {
    const said = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout;
    return Number(/^v(\d+)/.exec(said ?? '')?.[1] ?? 99) < 24;
  });
}

test('locks what is tested here, and no more', () => {
  const lock = JSON.parse(readFileSync(join(folder, 'package/npm-shrinkwrap.json'), 'utf8')) as Lock;
  const { '': root, ...locked } = lock.packages;
  expect(root).toMatchObject({ version: BUILD.version, dependencies: readJson<Manifest>('package.json').dependencies });
  const own = productionPackages(readJson<Lock>('package-lock.json').packages);
  expect(locked).toEqual(own);
  for (const name of ['vitest', 'typescript', '@biomejs/biome'])
    expect(locked).not.toHaveProperty(`node_modules/${name}`);
  expect(Object.keys(locked).filter((path) => locked[path]?.hasInstallScript)).toEqual([]);
});

test('brings along nothing under a licence that has not been looked at', () => {
  const licences = licencesOf(readJson<Lock>('package-lock.json'));
  expect(licences.length).toBeGreaterThan(50);
  expect(licences.filter(({ licence }) => !PERMITTED.includes(licence))).toEqual([]);
});

test('is packed under its name', () => {
  expect(basename(packed.archive)).toBe(`muster-routing-muster-${BUILD.version}.tgz`);
});
