import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Missing, outputOf, progress, runQuietly } from './quietly.mjs';

/** What `apt-get update` prints while another one has the lists; it does not wait for them by itself. */
const LOCKED = /Could not get lock/;

/** Installs a Debian package where that takes no password. @throws Missing with `advice` where it cannot be installed */
export function installPackage(name, advice) {
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  const mayInstall = asRoot.length === 0 || outputOf('sudo', ['-n', 'true']) !== undefined;
  if (!find('apt-get') || !mayInstall) throw new Missing(advice);
  progress(`Installing ${name} (apt-get) …`);
  // RUNLEVEL=1 keeps the package from starting a service of its own; LC_ALL=C keeps LOCKED in English.
  const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1', 'LC_ALL=C', 'apt-get', '-qq'];
  // A server that fails once is asked again; another apt-get may be at work.
  const patiently = ['-o', 'Acquire::Retries=5', '-o', 'DPkg::Lock::Timeout=300'];
  const aptGet = [...asRoot, ...quietly, ...patiently];
  for (const step of [['update'], ['install', '-y', '--no-install-recommends', name]]) {
    const [command, ...args] = [...aptGet, ...step];
    runQuietly(command, args, advice, LOCKED);
  }
}

/** The path of a program on PATH. */
export function find(program) {
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
