import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { cacheFolder } from './cache-folder.ts';

/** The source of jars, unless `MUSTER_MAVEN_REPOSITORY` or Maven's settings name another. */
const MAVEN_CENTRAL = 'https://repo.maven.apache.org/maven2';
const DOWNLOADS_AT_ONCE = 8;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Pinned {
  version: string;
  /** Path in a Maven repository, and digest of the file. */
  jars: { path: string; sha256: string }[];
}

/** Jars that a file below `setup` pins. */
interface JarSet {
  /** Name of their folder. */
  of: string;
  /** The file that pins them, from the root: `setup/kafka/jars.json`. */
  pinnedBy: string;
  /** Advice if they cannot be downloaded, beside another repository. */
  otherwise?: string;
}

/**
 * The folder that holds these jars and no others, downloaded once into the user's cache.
 * @throws Error if it cannot be downloaded, with advice
 */
export async function pinnedJars(set: JarSet): Promise<string> {
  const { version, jars } = JSON.parse(readFileSync(join(ROOT, set.pinnedBy), 'utf8')) as Pinned;
  const folder = cacheFolder(`${set.of}-${version}`);
  mkdirSync(folder, { recursive: true });
  const missing = jars.filter(({ path }) => !existsSync(join(folder, basename(path))));
  const next = async (): Promise<void> => {
    for (let jar = missing.pop(); jar; jar = missing.pop()) await download(jar, folder, set);
  };
  await Promise.all(Array.from({ length: DOWNLOADS_AT_ONCE }, next));
  return folder;
}

/** @throws Error if it cannot be downloaded, or is not the pinned file */
async function download({ path, sha256 }: Pinned['jars'][number], folder: string, set: JarSet): Promise<void> {
  const url = `${repository()}/${path}`;
  const { statusCode, body } = await request(url).catch((error: Error) => {
    throw notHad(path, set, error.message, error);
  });
  if (statusCode !== 200) {
    await body.dump();
    throw notHad(path, set, `the Maven repository answered ${statusCode}`);
  }
  const bytes = Buffer.from(await body.arrayBuffer());
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`${basename(path)} is not the file that ${set.pinnedBy} pins; the repository has another`);
  const file = join(folder, basename(path));
  // Renamed when complete: another run may read the folder.
  writeFileSync(`${file}.${process.pid}`, bytes);
  renameSync(`${file}.${process.pid}`, file);
}

function notHad(path: string, { of, otherwise }: JarSet, why: string, cause?: Error): Error {
  const set = 'set MUSTER_MAVEN_REPOSITORY to a repository that can be reached';
  const remedy = otherwise ? `${otherwise}, or ${set}` : set;
  return new Error(`${basename(path)} of ${of} cannot be downloaded: ${why}; ${remedy}`, { cause });
}

function repository(): string {
  const chosen = process.env.MUSTER_MAVEN_REPOSITORY ?? mirrorOfMaven() ?? MAVEN_CENTRAL;
  return chosen.replace(/\/$/, '');
}

/** The mirror of Maven Central, or of everything, in the user's Maven settings. */
function mirrorOfMaven(): string | undefined {
  const file = join(homedir(), '.m2', 'settings.xml');
  if (!existsSync(file)) return undefined;
  const settings = readFileSync(file, 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  const mirrors = settings.match(/<mirror>[\s\S]*?<\/mirror>/g) ?? [];
  const ofCentral = mirrors.find((mirror) => /<mirrorOf>\s*(\*|central)\s*<\/mirrorOf>/.test(mirror));
  return /<url>\s*(\S+?)\s*<\/url>/.exec(ofCentral ?? '')?.[1];
}
