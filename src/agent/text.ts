import type { WrongField } from './fields.ts';
import { REQUEST_LIMITS } from './limits.ts';

/**
 * All text is well-formed Unicode. JSON can contain unpaired surrogates, e.g. `"\ud800"`, which the store, the bus and URLs
 * would change or refuse. Input is therefore checked where it enters, keys as well as values, and nowhere else.
 */

/** An error in a value. */
interface Flaw {
  /** Keys and indices that lead to it. */
  path: (string | number)[];
  message: string;
}

const ILL_FORMED = 'is not well-formed Unicode: it has an unpaired surrogate';
const TOO_DEEP = `is nested deeper than ${REQUEST_LIMITS.depth.most} levels`;

/** Finds the first ill-formed text in parsed JSON or YAML, or a part that is nested too deep. */
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

/** Like {@link flawIn}, as a list with at most one wrong field. @param base JSON pointer to the value */
export function wrongText(value: unknown, base = ''): WrongField[] {
  const flaw = flawIn(value);
  if (!flaw) return [];
  const field = `${base}${flaw.path.map((part) => `/${part}`).join('')}`;
  return [{ field: field || '/', message: flaw.message }];
}

/** Shortens a text to a number of characters (code points). */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let end = 0;
  for (let count = 0; count < most && end < text.length; count++) end += isWide(text, end) ? 2 : 1;
  return text.slice(0, end);
}

/** Whether the character at an index takes two UTF-16 code units. */
const isWide = (text: string, at: number): boolean => (text.codePointAt(at) ?? 0) > 0xffff;

/** Length of a text in UTF-8, in bytes. */
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
 * Makes all texts of a platform's value well-formed. A platform cannot be asked to correct them, and an unpaired surrogate
 * in a name must not cost the agent.
 */
export function mended(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), mended(each)]));
}

/** Whether JSON may contain ill-formed text. Only escapes can, so most input needs no further check. */
export const mayBeIllFormed = (json: string): boolean => /\\u[dD][89a-fA-F]/.test(json);
