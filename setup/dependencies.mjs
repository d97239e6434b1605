import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, ROOT, runQuietly } from './quietly.mjs';

/** Installs what package-lock.json names, unless exactly that was installed before. */
export function ensureDependencies() {
  const stamp = join(ROOT, 'node_modules', '.muster-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  progress('Installing dependencies (npm ci) …');
  npmCi(['--include=dev']);
  writeFileSync(stamp, lock);
}

/** `npm ci` with a host's own habits overruled where they would leave something out. */
export function npmCi(args, include = ['--include=optional']) {
  const always = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  runQuietly('npm', ['ci', ...always, ...include, ...args], 'is the npm registry reachable?');
}
