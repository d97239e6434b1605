const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
const ZONED = /:\d\d\S*\s*(Z|GMT|[+-]\d\d:?\d\d)$/i;

/** Whether an event may carry this time, in ms; the same range as in `src/agent/event.ts`. */
export function isPossibleTime(ms: number): boolean {
  return ms >= EARLIEST_MS && ms <= LATEST_MS;
}

/**
 * A platform's time in ms; undefined for anything else. Both platforms write ISO 8601 with a zone, mostly `Z`. A time
 * without a zone is ignored, because it would be read in the time zone of this server.
 */
export function zonedMs(text: unknown): number | undefined {
  const ms = typeof text === 'string' && ZONED.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** Whether a text is a time without a time zone. */
export function isZoneless(text: unknown): boolean {
  return typeof text === 'string' && !ZONED.test(text) && !Number.isNaN(Date.parse(text));
}
