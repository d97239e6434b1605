import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './command.ts';

/** Images of this checkout, apart from those of the host. */
const STORE = join(ROOT, 'node_modules/.cache/images');
const HERE = ['--root', join(STORE, 'root'), '--runroot', join(STORE, 'run'), '--storage-driver', 'overlay'];
/** No container of its own: the host's network and limits, another root. That is what works without a daemon. */
const ISOLATION = { ...process.env, BUILDAH_ISOLATION: 'chroot' };

export const IMAGE = 'localhost/muster:dev';

/** Runs buildah on the images of this checkout. @returns what it prints */
export function buildah(...args: string[]): string {
  mkdirSync(STORE, { recursive: true });
  return run('buildah', [...HERE, ...args], { env: ISOLATION }).trim();
}

/** Runs a program in a container that `buildah from` has made, with the image's user. */
export function startInContainer(container: string, flags: string[], command: string[]): ChildProcess {
  return spawn('buildah', [...HERE, 'run', ...flags, container, '--', ...command], { env: ISOLATION });
}
