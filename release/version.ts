import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Missing, ROOT } from './command.ts';

/** A semantic version: https://semver.org */
const SEMANTIC = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?$/;

/**
 * The page that says what a version brings.
 * @throws Missing if the version is none, or has no page or no section in the changelog
 */
export function releasePage(version: string): string {
  const [, major, minor, patch, suffix] = SEMANTIC.exec(version) ?? [];
  if (major === undefined) throw new Missing(`package.json: ${version} is no semantic version`);
  const heading = suffix === undefined ? `## [${major}.${minor}.${patch}]` : '## [Unreleased]';
  const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  if (!changelog.split('\n').some((line) => line.startsWith(heading)))
    throw new Missing(`CHANGELOG.md has no section "${heading}" for ${version}`);
  const page = `docs/releases/${major}.${minor}.md`;
  if (!existsSync(join(ROOT, page))) throw new Missing(`${page} is missing: it says what ${version} brings`);
  return join(ROOT, page);
}
