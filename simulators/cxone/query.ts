import { oneOf, type Query } from '../kit/query.ts';
import { CxoneError } from './errors.ts';

/** The parameters of a request. Names are case-insensitive; an empty parameter counts as absent. */
export class Parameters {
  readonly #values: Map<string, string>;

  constructor(query: Query) {
    const given = Object.entries(query).map(([name, value]) => [name.toLowerCase(), oneOf(value) ?? ''] as const);
    this.#values = new Map(given.filter(([, value]) => value !== ''));
  }

  text(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }

  /** @throws CxoneError 400 */
  int(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return;
    const value = Number(text);
    if (Number.isSafeInteger(value)) return value;
    throw new CxoneError(400, `Invalid filter parameter ${name} - '${text}', must be an integer`);
  }

  /** Undefined if it is absent, or neither `true` nor `false`. */
  flag(name: string): boolean | undefined {
    const text = this.text(name)?.toLowerCase();
    return text === 'true' ? true : text === 'false' ? false : undefined;
  }

  /**
   * A time in ms. Only ISO 8601 is accepted.
   * @param text message of the error; every endpoint has its own
   * @throws CxoneError 400
   */
  time(name: string, text: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return;
    const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/.test(value);
    const ms = isIso ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`) : Number.NaN;
    if (Number.isNaN(ms)) throw new CxoneError(400, text);
    return ms;
  }
}

/** Whether a change is since `sinceMs`, in the platform's meaning of "since". */
export function isSince(changedMs: number, sinceMs: number | undefined, how: 'after' | 'from'): boolean {
  if (sinceMs === undefined) return true;
  return how === 'after' ? changedMs > sinceMs : changedMs >= sinceMs;
}
