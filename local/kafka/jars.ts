import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { request } from 'undici';
import { cacheFolder } from '../cache-folder.ts';

/** Where the jars come from unless `MUSTER_MAVEN_REPOSITORY` or Maven's own settings name another place. */
const MAVEN_CENTRAL = 'https://repo.maven.apache.org/maven2';
const PINNED = new URL('../../setup/kafka/jars.json', import.meta.url);
const DOWNLOADS_AT_ONCE = 8;

interface Pinned {
  version: string;
  /** Path in a Maven repository, and what the file must be. */
  jars: { path: string; sha256: string }[];
}

/**
 * The class path of a Kafka broker: `KAFKA_HOME`, else the jars that setup/kafka/jars.json pins, downloaded once into
 * the user's cache.
 * @throws Error saying what could not be had
 */
export async function kafkaClassPath(): Promise<string> {
  const home = process.env.KAFKA_HOME;
  if (home) {
    if (existsSync(join(home, 'libs'))) return join(home, 'libs', '*');
    throw new Error(`KAFKA_HOME names ${home}, which is no unpacked Kafka: it has no libs`);
  }
  const { version, jars } = JSON.parse(readFileSync(PINNED, 'utf8')) as Pinned;
  const folder = cacheFolder(`kafka-${version}`);
  mkdirSync(folder, { recursive: true });
  const missing = jars.filter(({ path }) => !existsSync(join(folder, basename(path))));
  const next = async (): Promise<void> => {
    for (let jar = missing.pop(); jar; jar = missing.pop()) await download(jar, folder);
  };
  await Promise.all(Array.from({ length: DOWNLOADS_AT_ONCE }, next));
  return join(folder, '*');
}

/** @throws Error where it cannot be had, or is not the file that was pinned */
async function download({ path, sha256 }: Pinned['jars'][number], folder: string): Promise<void> {
  const url = `${repository()}/${path}`;
  const { statusCode, body } = await request(url).catch((error: Error) => {
    throw notHad(path, error.message, error);
  });
  if (statusCode !== 200) {
    await body.dump();
    throw notHad(path, `the Maven repository answered ${statusCode}`);
  }
  const bytes = Buffer.from(await body.arrayBuffer());
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`${basename(path)} is not the file that setup/kafka/jars.json pins; the repository has another`);
  const file = join(folder, basename(path));
  // Whole or not at all: another run may be looking.
  writeFileSync(`${file}.${process.pid}`, bytes);
  renameSync(`${file}.${process.pid}`, file);
}

function notHad(path: string, why: string, cause?: Error): Error {
  const remedy =
    'unpack a Kafka and set KAFKA_HOME to its folder, or set MUSTER_MAVEN_REPOSITORY to a repository that can be reached';
  return new Error(`${basename(path)} of Kafka cannot be downloaded: ${why}; ${remedy}`, { cause });
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
