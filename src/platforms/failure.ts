import { flawIn, mayBeIllFormed, mended } from '../agent/text.ts';

/** The platform, or the way to it, failed a request. The message is for people; the status is 0 where none came. */
export class RequestFailed extends Error {
  override name = 'RequestFailed';
  readonly status: number;
  /** When the platform answered, by its own clock, in ms, where that matters. */
  readonly atMs: number | undefined;
  constructor(status: number, message: string, atMs?: number) {
    super(message);
    this.status = status;
    this.atMs = atMs;
  }
}

/**
 * The JSON in a text, its texts made well-formed, or undefined where there is none.
 * @param onMended called where a text was not well-formed
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

/** The words of a network error; one that gathers several attempts has only a code. */
export function causeOf(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
