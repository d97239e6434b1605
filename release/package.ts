import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUILD_FILE, type Build } from '../src/ops/build.ts';
import { ROOT, run } from './command.ts';
import { COMMAND, type Lock, type Manifest, publishedLock, publishedManifest } from './manifest.ts';

/** What the package has besides the compiled code. */
const COPIED = ['README.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'docs', 'integrations', 'deploy'];

/**
 * Fills an empty folder with the npm package: JavaScript and types compiled from src, its data files, the command, docs.
 * @throws Error if it does not compile
 */
export function assemblePackage(folder: string, build: Build): void {
  mkdirSync(folder, { recursive: true });
  compile(join(folder, 'lib'));
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter: isPublished });
  mkdirSync(join(folder, dirname(COMMAND)));
  cpSync(join(ROOT, 'release/launcher', basename(COMMAND)), join(folder, COMMAND));
  const manifest = readJson<Manifest>('package.json');
  const { version: _, ...origin } = build;
  writeJson(join(folder, 'package.json'), publishedManifest(manifest));
  writeJson(join(folder, 'npm-shrinkwrap.json'), publishedLock(manifest, readJson<Lock>('package-lock.json')));
  writeJson(join(folder, BUILD_FILE), origin);
}

/** Packs an assembled package. @returns the name of the archive in `target`, and its unpacked size in bytes */
export function pack(folder: string, target: string): { archive: string; unpackedSize: number } {
  const said = run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', target, folder]);
  const packed = JSON.parse(said) as unknown;
  // npm 11 answers with a list, later ones with one entry for each name.
  const [first] = Object.values(packed as Record<string, { filename: string; unpackedSize: number }>);
  if (!first) throw new Error(`npm pack said nothing of what it packed: ${said}`);
  return { archive: first.filename, unpackedSize: first.unpackedSize };
}

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;

function compile(target: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', join(ROOT, 'release/tsconfig.json'), '--outDir', target]);
  const sources = join(ROOT, 'src');
  const files = readdirSync(sources, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    // Scripts, examples: what the code reads beside itself.
    if (name.endsWith('.ts')) continue;
    const path = join(parentPath, name).slice(sources.length);
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(sources, path), join(target, path));
  }
}

/** Sources that data actions are rendered from, and what a trial in this checkout has made. */
const UNPUBLISHED = new Set(['source', 'secrets']);

const isPublished = (path: string): boolean => !path.endsWith('.ts') && !UNPUBLISHED.has(basename(path));

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
