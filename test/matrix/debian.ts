import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { NotHad, reasonOf } from './not-had.ts';
import type { DebianSource } from './servers.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const LIMIT_MS = 180_000;
/** Of all that a server depends on, what it needs to run: itself and libraries, not what installs it. */
const NEEDED = /^(lib|redis|valkey)/;
const LIBRARIES = ['lib', 'usr/lib'];
const LOADER = /^ld-linux.*\.so\.\d+$/;
const PROGRAMS = ['usr/bin/redis-server', 'usr/bin/valkey-server'];

const run = promisify(execFile);

interface Places {
  /** Where it is unpacked, and where that will be moved. */
  draft: string;
  folder: string;
  /** What the program is started by, in that folder. */
  wrapper: string;
}

/**
 * Unpacks a server of a Debian suite, with its libraries and their loader, so that it runs on a host of another suite.
 * Nothing is installed, and apt's own lists stay as they are.
 * @throws NotHad without apt, without a mirror of Debian, and if the suite does not have that version any more
 */
export async function unpackFromDebian({ debian }: DebianSource, places: Places): Promise<void> {
  const { draft } = places;
  const apt = join(draft, 'apt');
  for (const folder of ['lists/partial', 'archives/partial']) mkdirSync(join(apt, folder), { recursive: true });
  writeFileSync(join(apt, 'sources.list'), sourcesOf(debian.suite, await mirror()));
  writeFileSync(join(apt, 'status'), '');
  try {
    await run('apt-get', [...ownApt(apt), 'update'], { timeout: LIMIT_MS });
    await run('apt-get', [...ownApt(apt), 'install', '-y', '--download-only', debian.package], { timeout: LIMIT_MS });
    const archives = readdirSync(join(apt, 'archives')).filter((name) => NEEDED.test(name) && name.endsWith('.deb'));
    for (const name of archives) await run('dpkg-deb', ['-x', join(apt, 'archives', name), draft]);
  } catch (error) {
    throw new NotHad(`apt cannot bring ${debian.package} of ${debian.suite}: ${reasonOf(error)}`);
  }
  rmSync(apt, { recursive: true, force: true });
  writeWrapper(places);
}

/** The host's own mirror of Debian. @throws NotHad if there is none */
async function mirror(): Promise<string> {
  const chosen = process.env.MUSTER_DEBIAN_MIRROR;
  if (chosen) return chosen;
  const targets = ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages', 'Origin: Debian'];
  const { stdout } = await run('apt-get', targets).catch((error) => {
    throw new NotHad(`there is no apt to ask: ${reasonOf(error)}`);
  });
  const uri = stdout.split('\n').find((line) => line !== '' && !line.includes('security'));
  if (!uri) throw new NotHad('apt knows no mirror of Debian: set MUSTER_DEBIAN_MIRROR to one');
  if (!existsSync(KEYRING)) throw new NotHad(`there is no ${KEYRING}: install debian-archive-keyring`);
  return uri;
}

/** Packages of backports stand on those of their suite. */
function sourcesOf(suite: string, uri: string): string {
  const suites = new Set([suite.replace('-backports', ''), suite]);
  return [...suites].map((name) => `deb [signed-by=${KEYRING}] ${uri} ${name} main\n`).join('');
}

/** An apt that has nothing installed, and keeps everything in a folder. */
function ownApt(folder: string): string[] {
  const settings = {
    'Dir::Etc::SourceList': join(folder, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::Etc::PreferencesParts': '/dev/null',
    'Dir::State': folder,
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::State::Status': join(folder, 'status'),
    'Dir::Cache': folder,
    'Dir::Cache::Archives': join(folder, 'archives'),
    'Debug::NoLocking': '1',
    'Acquire::Languages': 'none',
    'APT::Install-Recommends': '0',
    // apt's own user may not write there.
    'APT::Sandbox::User': '',
  };
  return ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}

/** Starts the program by the loader that came with it: the host's may be older. */
function writeWrapper({ draft, folder, wrapper }: Places): void {
  const program = PROGRAMS.find((path) => existsSync(join(draft, path)));
  const files = readdirSync(draft, { recursive: true, withFileTypes: true });
  // A link to it is absolute, and leads to the host's.
  const loader = files.find((file) => file.isFile() && LOADER.test(file.name));
  if (!program || !loader) throw new NotHad(`its packages contain no ${program ? 'loader' : 'server'}`);
  const loaderPath = join(folder, relative(draft, loader.parentPath), loader.name);
  const places = LIBRARIES.filter((place) => existsSync(join(draft, place))).flatMap((place) =>
    readdirSync(join(draft, place)).map((name) => join(folder, place, name)),
  );
  const libraries = places.filter((path) => path.endsWith('-linux-gnu')).join(':');
  const start = `exec '${loaderPath}' --library-path '${libraries}' '${join(folder, program)}' "$@"`;
  writeFileSync(join(draft, wrapper), `#!/bin/sh\n${start}\n`);
  chmodSync(join(draft, wrapper), 0o755);
}
