import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { npmCi } from './dependencies.mjs';
import { Missing, outputOf, progress, ROOT } from './quietly.mjs';

/** The first Node that runs TypeScript as it is, without a flag or a warning. */
const MAJOR = 24;
/** Where setup/node/package-lock.json pins a Node for. */
const PINNED = ['linux-x64', 'linux-arm64'];

/** The path of a Node 24 or later: the host's own, else the one that setup/node pins. @throws Missing */
export function ensureNode() {
  if (majorOf(process.version) >= MAJOR) return process.execPath;
  const host = `${process.platform}-${process.arch}`;
  const advice = `Muster needs Node ${MAJOR} or later, this is ${process.version}: install it from https://nodejs.org`;
  if (!PINNED.includes(host)) throw new Missing(advice);
  const node = join(ROOT, 'setup', 'node', 'node_modules', `node-${host}`, 'bin', 'node');
  if (!existsSync(node) || !runs(node)) {
    progress(`Installing Node ${MAJOR} beside the host's ${process.version} …`);
    npmCi(['--prefix', join('setup', 'node')]);
    if (!runs(node)) throw new Missing(advice);
  }
  return node;
}

function runs(node) {
  return majorOf(outputOf(node, ['--version']) ?? '') >= MAJOR;
}

function majorOf(version) {
  return Number(/^v(\d+)\./.exec(version)?.[1] ?? 0);
}
