import type { WrongField } from './fields.ts';
import { REQUEST_LIMITS } from './limits.ts';

/**
 * Text is well-formed Unicode. JSON can carry what is not, `"\ud800"`: the store, the bus and every URL would make
 * something else of it, or fail. So it is looked for where a value comes in, in keys as well as in values, and nowhere else.
 */

/** Where a value is not as it must be. */
interface Flaw {
  /** Keys and places on the way to it. */
  path: (string | number)[];
  message: string;
}

const ILL_FORMED = 'is not well-formed Unicode: it holds half of a character';
const TOO_DEEP = `is nested deeper than ${REQUEST_LIMITS.depth.most} levels`;

/** The first text of a parsed JSON or YAML that is not well-formed, or what is nested too deep to be looked through. */
export function flawIn(value: unknown, depth = 0): Flaw | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : { path: [], message: ILL_FORMED };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= REQUEST_LIMITS.depth.most) return { path: [], message: TOO_DEEP };
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      const flaw = flawIn(value[at], depth + 1);
      if (flaw) return { ...flaw, path: [at, ...flaw.path] };
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    if (!key.isWellFormed()) return { path: [key.toWellFormed()], message: ILL_FORMED };
    const flaw = flawIn((value as Record<string, unknown>)[key], depth + 1);
    if (flaw) return { ...flaw, path: [key, ...flaw.path] };
  }
  return undefined;
}

/** The same as a field that is wrong; none where all is well. @param base JSON pointer to the value */
export function wrongText(value: unknown, base = ''): WrongField[] {
  const flaw = flawIn(value);
  if (!flaw) return [];
  const field = `${base}${flaw.path.map((part) => `/${part}`).join('')}`;
  return [{ field: field || '/', message: flaw.message }];
}

/** The first characters of a text, so many at most: no character is cut in two. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (let count = 0; count < most && end < text.length; count++) end += isWide(text, end) ? 2 : 1;
  return text.slice(0, end);
}

/** Whether a character takes two code units. */
const isWide = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff;

/** How long a text is in UTF-8, in bytes. */
export function bytesOf(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at) ?? 0;
    if (point > 0xffff) at += 1;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/**
 * A platform's value with its texts made well-formed: nobody can be told that they are not, and an agent is not to be lost
 * for half a character in a name.
 */
export function mended(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), mended(each)]));
}

/** Whether the text of a JSON may hold what is not well-formed: only an escape can. */
export const mayBeIllFormed = (json: string): boolean => /\\u[dD][89a-fA-F]/.test(json);
