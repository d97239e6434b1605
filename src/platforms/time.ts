const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
const ZONED = /:\d\d\S*\s*(Z|GMT|[+-]\d\d:?\d\d)$/i;

/** Whether an event may carry the time, in ms: `src/agent/event.ts` takes no other. */
export function isPossibleTime(ms: number): boolean {
  return ms >= EARLIEST_MS && ms <= LATEST_MS;
}

/**
 * The time that a platform's text tells, in ms; undefined for what is none. Both platforms write ISO 8601 with a zone, `Z`
 * mostly. A text without one is nobody's time: it would be taken for that of this server.
 */
export function zonedMs(text: unknown): number | undefined {
  const ms = typeof text === 'string' && ZONED.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** Whether a text tells a time and names no zone. */
export function isZoneless(text: unknown): boolean {
  return typeof text === 'string' && !ZONED.test(text) && !Number.isNaN(Date.parse(text));
}
