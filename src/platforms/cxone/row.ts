import { isPossibleTime, isZoneless, zonedMs } from '../time.ts';

/**
 * One record as CXone sends it. Versions of the API differ in the case of names (`isACW`, `isAcw`, `ContactStateId`),
 * in whole names, and in how they say "none": missing, null, an empty text and often 0. Names are looked up in any case,
 * and the first that says something counts.
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

  /** A number, or a text that is one. */
  number(...names: string[]): number | undefined {
    const value = this.text(...names);
    const number = value === undefined ? Number.NaN : Number(value);
    return Number.isFinite(number) ? number : undefined;
  }

  /** True or false, or a text such as `True`. */
  flag(...names: string[]): boolean | undefined {
    const value = this.#first(names);
    if (typeof value === 'boolean') return value;
    const word = String(value).toLowerCase();
    return word === 'true' ? true : word === 'false' ? false : undefined;
  }

  /** A time in ms. */
  timeMs(...names: string[]): number | undefined {
    return timeOf(this.#first(names));
  }

  /** The fields of these that hold a time without a zone, which is not read. */
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

/** Platform time in ms. The year 1, or 1900, or 9999, is how some say "never". A text that names no zone is nobody's time; numbers are ms. Undefined for what is no time. */
export function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value : (zonedMs(value) ?? 0);
  return isPossibleTime(ms) ? Math.round(ms) : undefined;
}
