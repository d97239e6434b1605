import { isPossibleTime, isZoneless, zonedMs } from '../time.ts';

/**
 * One record of CXone. API versions differ in the case of names (`isACW`, `isAcw`, `ContactStateId`), in whole names, and in
 * how they express "none": missing, null, an empty string and often 0. Names are looked up in any case, and the first with a
 * value counts.
 */
export class Row {
  readonly #values = new Map<string, unknown>();

  constructor(record: unknown) {
    if (typeof record !== 'object' || record === null) return;
    for (const [name, value] of Object.entries(record)) {
      if (value !== null && value !== '') this.#values.set(name.toLowerCase(), value);
    }
  }

  /** An id; undefined for none, and for 0. */
  id(...names: string[]): string | undefined {
    const value = this.text(...names);
    return value === '0' ? undefined : value;
  }

  /** Text, or a number as text. */
  text(...names: string[]): string | undefined {
    const value = this.#first(names);
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' ? value.trim() || undefined : undefined;
  }

  /** A number, or a numeric string. */
  number(...names: string[]): number | undefined {
    const value = this.text(...names);
    const number = value === undefined ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  }

  /** A boolean, or a string such as `True`. */
  flag(...names: string[]): boolean | undefined {
    const value = this.#first(names);
    if (typeof value === 'boolean') return value;
    const text = String(value).toLowerCase();
    return text === 'true' ? true : text === 'false' ? false : undefined;
  }

  /** A time in ms. */
  timeMs(...names: string[]): number | undefined {
    return timeOf(this.#first(names));
  }

  /** Those of these fields that hold a time without a time zone, which is ignored. */
  zoneless(...names: string[]): string[] {
    return names.filter((name) => isZoneless(this.#first([name])));
  }

  #first(names: string[]): unknown {
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase());
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/** Platform time in ms; undefined for anything else. Some versions write the year 1, 1900 or 9999 for "never". A string without a time zone is ignored; numbers are ms. */
export function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : (zonedMs(value) ?? 0);
  return isPossibleTime(ms) ? Math.round(ms) : undefined;
}
