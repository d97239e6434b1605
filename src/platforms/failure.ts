import { flawIn, mayBeIllFormed, mended } from '../agent/text.ts';

/** A request to the platform failed. The message is for people; the status is 0 if there was no response. */
export class RequestFailed extends Error {
  override name = 'RequestFailed';
  readonly status: number;
  /** When the platform answered, by its own clock, in ms, where needed. */
  readonly atMs: number | undefined;
  constructor(status: number, message: string, atMs?: number) {
    super(message);
    this.status = status;
    this.atMs = atMs;
  }
}

/**
 * Parses JSON and repairs ill-formed Unicode; undefined for invalid JSON.
 * @param onMended called if Unicode was repaired
 */
export function parse(text: string, onMended?: () => void): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (!mayBeIllFormed(text) || !flawIn(value)) return value;
    onMended?.();
    return mended(value);
  } catch {
    return undefined;
  }
}

/** Text of a network error; an AggregateError has only a code. */
export function causeOf(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
