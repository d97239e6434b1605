import { cpSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANGES, type Change, NEXT, NEXT_CLAIM } from './changes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Makes the next version: a copy of `src` with new formats.
 * @param into an empty folder
 * @returns its program, in place of `src/cli.ts`
 * @throws Error if a change does not fit the code any more
 */
export function makeNextVersion(into: string): string {
  const src = join(into, 'src');
  cpSync(join(ROOT, 'src'), src, { recursive: true });
  symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(into, 'node_modules'));
  const about = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as object;
  writeFileSync(join(into, 'package.json'), JSON.stringify({ ...about, version: NEXT.version }));
  for (const change of CHANGES) {
    const file = join(src, change.file);
    writeFileSync(file, changed(readFileSync(file, 'utf8'), change));
  }
  const claim = changed(readFileSync(join(src, NEXT_CLAIM.file), 'utf8'), NEXT_CLAIM);
  writeFileSync(join(src, NEXT_CLAIM.file.replace('.lua', `.${NEXT.store}.lua`)), claim);
  return join(src, 'cli.ts');
}

/** The source with a change. @throws Error if the change does not fit */
export function changed(source: string, { file, text, becomes }: Change): string {
  const [before, after, ...more] = source.split(text);
  if (after === undefined || more.length > 0) {
    throw new Error(`the next version does not fit ${file}: this must occur there exactly once: ${text}`);
  }
  return `${before}${becomes}${after}`;
}
