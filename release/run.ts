import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Build, readBuild } from '../src/ops/build.ts';
import { systemClock } from '../src/ops/clock.ts';
import { Missing, progress, ROOT, run } from './command.ts';
import { licencesOf, PERMITTED, renderLicences } from './licences.ts';
import type { Lock } from './manifest.ts';
import { assemblePackage, pack, readJson } from './package.ts';
import { releasePage } from './version.ts';

/** `npm run release`: builds what is published into dist/. Nothing is uploaded. */
const DIST = join(ROOT, 'dist');
const SBOM_TOOL = join(ROOT, 'setup/sbom/node_modules/@cyclonedx/cyclonedx-npm/bin/cyclonedx-npm-cli.js');
const SUMS = 'SHA256SUMS';
const MOST_BYTES = 5 * 1024 * 1024;

function release(): void {
  const build = thisBuild();
  const page = releasePage(build.version);
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  progress(`Building ${build.version} of ${build.revision} …`);
  const folder = join(DIST, 'package');
  assemblePackage(folder, build);
  const { archive, unpackedSize } = pack(folder, DIST);
  if (unpackedSize > MOST_BYTES)
    throw new Error(`${archive} has ${unpackedSize} bytes unpacked, more than ${MOST_BYTES}`);
  writeSbom(folder);
  rmSync(folder, { recursive: true });
  writeLicences();
  // Links to other pages lead nowhere outside the repository.
  const notes = readFileSync(page, 'utf8').replace(/\[([^\]]+)\]\((?!https?:)[^)]+\)/g, '$1');
  writeFileSync(join(DIST, 'release-notes.md'), notes);
  writeSums();
  const files = readdirSync(DIST).sort();
  progress(`dist/ has ${files.join(', ')}; the package is ${(unpackedSize / 1024 / 1024).toFixed(1)} MiB unpacked`);
}

/** SOURCE_DATE_EPOCH, in s, makes two builds of one revision the same to the byte. */
function thisBuild(): Build {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const builtAtMs = epoch === undefined ? systemClock.nowMs() : Number(epoch) * 1000;
  return { ...readBuild(ROOT), kind: 'package', builtAt: new Date(builtAtMs).toISOString().replace(/\.\d+Z$/, 'Z') };
}

/** CycloneDX, of what the lock in the package installs. */
function writeSbom(folder: string): void {
  const format = [
    '--output-format',
    'JSON',
    '--spec-version',
    '1.6',
    '--output-reproducible',
    '--validate',
    '--flatten-components',
  ];
  const what = ['--package-lock-only', '--omit', 'dev', '--mc-type', 'application'];
  run(process.execPath, [SBOM_TOOL, ...format, ...what, '--output-file', join(DIST, 'sbom.cdx.json')], { cwd: folder });
}

function writeLicences(): void {
  const licences = licencesOf(readJson<Lock>('package-lock.json'));
  const refused = licences.filter(({ licence }) => !PERMITTED.includes(licence));
  if (refused.length > 0)
    throw new Error(`look at the licences of ${refused.map(({ name, licence }) => `${name} (${licence})`).join(', ')}`);
  writeFileSync(join(DIST, 'licences.txt'), renderLicences(licences));
}

function writeSums(): void {
  const lines = readdirSync(DIST)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(DIST, name)))
          .digest('hex')}  ${name}`,
    );
  writeFileSync(join(DIST, SUMS), `${lines.join('\n')}\n`);
}

try {
  release();
} catch (error) {
  if (!(error instanceof Missing)) throw error;
  progress(error.message);
  process.exitCode = 1;
}
