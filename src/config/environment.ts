import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { NOT_UTF8, textOf } from '../ops/utf8.ts';
import { inside, type Problem } from './problems.ts';

/** Where references in a configuration lead. */
interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** Paths of files are relative to it. */
  folder: string;
}

const REFERENCE = /\$\{([^}]*)\}/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FILE = 'file:';

/**
 * Replaces `${NAME}` in every text by the environment's value, and `${file:PATH}` by what the file holds. Runs on the
 * parsed configuration, so a value cannot add keys.
 */
export function substitute(value: unknown, around: Surroundings, problems: Problem[], path = ''): unknown {
  if (Array.isArray(value)) return value.map((item, at) => substitute(item, around, problems, inside(path, at)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, around, problems, inside(path, key)),
    ]);
    return Object.fromEntries(entries);
  }
  if (typeof value !== 'string') return value;
  return value.replace(REFERENCE, (reference, name: string) => {
    if (name.startsWith(FILE)) return contentOf(name.slice(FILE.length), around, problems, path) ?? reference;
    const found = VARIABLE.test(name) ? around.env[name] : undefined;
    if (found !== undefined) return found;
    problems.push({ path, message: `refers to the environment variable ${name || reference}, which is not set` });
    return reference;
  });
}

/** Without the end of its last line, which no secret has. */
function contentOf(name: string, { folder }: Surroundings, problems: Problem[], path: string): string | undefined {
  try {
    const text = textOf(readFileSync(resolve(folder, name)));
    if (text !== undefined) return text.trimEnd();
    problems.push({ path, message: `refers to the file ${name}, which ${NOT_UTF8}` });
    return undefined;
  } catch (error) {
    const { code = error } = error as NodeJS.ErrnoException;
    problems.push({ path, message: `refers to the file ${name}, which cannot be read: ${code}` });
    return undefined;
  }
}
