import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Which build of Muster runs. */
export interface Build {
  /** The semantic version, of package.json. */
  version: string;
  /** The git revision, 12 digits, ending in `-dirty` where files differed from it; `unknown` where nothing says it. */
  revision: string;
  /** Where the code comes from: a package that was built, a checkout that runs from its sources, or neither. */
  kind: 'package' | 'checkout' | 'unknown';
  /** When the package was built, in ISO 8601. */
  builtAt?: string;
}

/** The file in a package that says what it was built from. */
export const BUILD_FILE = 'build.json';

/** The root of the package or the checkout: this file is two folders below it in both. */
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Reads what a package says of itself, or git of a checkout. @param root its folder */
export function readBuild(root = ROOT): Build {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  const built = `${root}/${BUILD_FILE}`;
  if (existsSync(built)) return { ...(JSON.parse(readFileSync(built, 'utf8')) as Omit<Build, 'version'>), version };
  const revision = revisionOf(root);
  return revision === undefined
    ? { version, revision: 'unknown', kind: 'unknown' }
    : { version, revision, kind: 'checkout' };
}

/** What `muster --version` prints: `0.2.0 (1a2b3c4d5e6f, package built 2026-11-30T10:00:00Z)`. */
export function describeBuild({ version, revision, kind, builtAt }: Build): string {
  if (kind === 'unknown') return `${version} (unknown build)`;
  return `${version} (${revision}, ${kind}${builtAt === undefined ? '' : ` built ${builtAt}`})`;
}

/** Undefined where the folder is not the root of a repository, or git cannot be run. */
function revisionOf(root: string): string | undefined {
  // A folder below somebody else's repository has no revision of its own.
  if (!existsSync(`${root}/.git`)) return undefined;
  const words = ['--no-optional-locks', 'describe', '--always', '--exclude=*', '--abbrev=12', '--dirty'];
  const { status, stdout } = spawnSync('git', ['-C', root, ...words], { encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.trim() : undefined;
}
