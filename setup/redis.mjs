import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Missing, outputOf, progress, runQuietly } from './quietly.mjs';

const OLDEST = [6, 2];
const NEEDED = `Redis ${OLDEST.join('.')} or later`;

/** The path of a `redis-server` that is new enough; installs Debian's where that takes no password. @throws Missing */
export function ensureRedis() {
  const server = process.env.MUSTER_REDIS_SERVER || find('redis-server') || install();
  const version = versionOf(server);
  if (!version) throw new Missing(`${server} is not a redis-server: set MUSTER_REDIS_SERVER to ${NEEDED}`);
  const [major, minor] = version;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return server;
  throw new Missing(`${server} is Redis ${major}.${minor}: install ${NEEDED}, or set MUSTER_REDIS_SERVER to one`);
}

function install() {
  const advice = `Muster needs redis-server (${NEEDED}): install it, or set MUSTER_REDIS_SERVER to its path`;
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const mayInstall = asRoot.length === 0 || outputOf('sudo', ['-n', 'true']) !== undefined;
  if (!find('apt-get') || !mayInstall) throw new Missing(advice);
  progress('Installing redis-server (apt-get) …');
  // RUNLEVEL=1 keeps the package from starting a service of its own.
  const aptGet = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'apt-get', '-qq'];
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', 'redis-server']]) {
    const [command, ...args] = [...aptGet, ...step];
    runQuietly(command, args, advice);
  }
  const server = find('redis-server');
  if (!server) throw new Missing(advice);
  return server;
}

/** The path of a program on PATH. */
function find(program) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** `[major, minor]` as the server itself says it (Valkey says it the same way). */
function versionOf(server) {
  const match = /\bv=(\d+)\.(\d+)\./.exec(outputOf(server, ['--version']) ?? '');
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}
