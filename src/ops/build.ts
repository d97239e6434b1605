import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The build of Muster that runs. */
export interface Build {
  /** The semantic version from package.json. */
  version: string;
  /** The git revision in 12 digits, with `-dirty` if files differed from it; `unknown` if there is none. */
  revision: string;
  /** A built package, a git checkout, or neither. */
  kind: 'package' | 'checkout' | 'unknown';
  /** Build time of the package, in ISO 8601. */
  builtAt?: string;
}

/** The file in a package that holds its revision and build time. */
export const BUILD_FILE = 'build.json';

/** The root of the package or checkout: two folders above this file. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Reads the build from the package's build file, or from git. @param root folder of the package or checkout */
export function readBuild(root = ROOT): Build {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  const built = `${root}/${BUILD_FILE}`;
  if (existsSync(built)) return { ...(JSON.parse(readFileSync(built, 'utf8')) as Omit<Build, 'version'>), version };
  const revision = revisionOf(root);
  return revision === undefined
    ? { version, revision: 'unknown', kind: 'unknown' }
    : { version, revision, kind: 'checkout' };
}

/** The text of `muster --version`: `0.2.0 (1a2b3c4d5e6f, package built 2026-11-30T10:00:00Z)`. */
export function describeBuild({ version, revision, kind, builtAt }: Build): string {
  if (kind === 'unknown') return `${version} (unknown build)`;
  return `${version} (${revision}, ${kind}${builtAt === undefined ? '' : ` built ${builtAt}`})`;
}

/** Undefined if the folder is not the root of a repository, or git cannot run. */
function revisionOf(root: string): string | undefined {
  // A folder inside another repository would report that repository's revision.
  if (!existsSync(`${root}/.git`)) return undefined;
  const words = ['--no-optional-locks', 'describe', '--always', '--exclude=*', '--abbrev=12', '--dirty'];
  const { status, stdout } = spawnSync('git', ['-C', root, ...words], { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.trim() : undefined;
}
