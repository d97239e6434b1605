import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../../release/command.ts';
import type { Lock } from '../../../release/manifest.ts';
import { describeBuild, readBuild } from '../../../src/ops/build.ts';
import { serveRegion } from './serving.ts';

const DIST = join(ROOT, 'dist');
const { name, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const env = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  npm_config_update_notifier: 'false',
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-installed-'));
  const archives = readdirSync(DIST).filter((file) => file.endsWith('.tgz'));
  expect(archives).toHaveLength(1);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  inFolder('npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', join(DIST, archives[0] ?? ''));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

test('npx runs the command, which says what it was built from', () => {
  const said = inFolder('npx', '--no-install', name, '--version').trim();
  const build = readBuild(join(folder, 'node_modules', name));
  expect(said).toBe(describeBuild(build));
  expect(build).toEqual({ version, revision: readBuild(ROOT).revision, kind: 'package', builtAt: expect.any(String) });
});

test('serves a region: an event, a claim, a stop', async () => {
  const start = (dir: string): ChildProcess =>
    spawn(process.execPath, [`node_modules/${name}/bin/muster.mjs`, 'serve', '--config', `${dir}/region.yaml`], {
      cwd: folder,
    });
  const { revision, builtAt } = readBuild(join(folder, 'node_modules', name));
  expect(await serveRegion(start)).toEqual({ status: 'ok', region: 'eu', version, revision, built_at: builtAt });
});

test('has a client, with types that a strict compiler takes', () => {
  const client = `import { createClient } from '${name}/client';
const client = createClient({ url: 'http://127.0.0.1:9', attempts: 1 });
const claim = await client.createClaim({ body: { queue: 'global', call_id: 'call-1' } }).catch((error: Error) => error.name);
console.log(typeof claim === 'string' ? claim : claim.body.agent_id satisfies string);
`;
  writeFileSync(join(folder, 'use.ts'), client);
  // The types of Node are the user's own; libraries are checked by their authors.
  const types = { typeRoots: [join(ROOT, 'node_modules/@types')], types: ['node'], skipLibCheck: true };
  const options = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, ...types };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['use.ts'] }));
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  expect(spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' }).stdout).toBe('');
  expect(inFolder(process.execPath, 'use.ts').trim()).toBe('NoAnswer');
});

test('SHA256SUMS has every other file of dist', () => {
  const sums = readFileSync(join(DIST, 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('  '));
  expect(sums.map(([, file]) => file)).toEqual(
    readdirSync(DIST)
      .filter((file) => file !== 'SHA256SUMS')
      .sort(),
  );
  for (const [sum, file = ''] of sums)
    expect(
      createHash('sha256')
        .update(readFileSync(join(DIST, file)))
        .digest('hex'),
    ).toBe(sum);
});

test('the bill of materials names what the package locks, and nothing else', () => {
  const { bomFormat, components } = JSON.parse(readFileSync(join(DIST, 'sbom.cdx.json'), 'utf8')) as {
    bomFormat: string;
    components: { purl: string }[];
  };
  expect(bomFormat).toBe('CycloneDX');
  const named = components.map(({ purl }) => decodeURIComponent(purl.replace('pkg:npm/', '').split('?')[0] ?? ''));
  const lock = readFileSync(join(folder, 'node_modules', name, 'npm-shrinkwrap.json'), 'utf8');
  const locked = Object.entries((JSON.parse(lock) as Lock).packages)
    .filter(([path]) => path !== '')
    .map(([path, each]) => `${path.replace(/^.*node_modules\//, '')}@${each.version}`);
  expect([...new Set(named)].sort()).toEqual([...new Set(locked)].sort());
});
