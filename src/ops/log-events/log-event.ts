/** How urgent a line is. `warn or debug`: debug where another line has already reported the cause. */
type EventLevel = 'debug' | 'info' | 'warn' | 'error' | 'warn or debug';

/** One kind of log line. `docs/log-events.md` is rendered from these. */
export interface LogEvent {
  level: EventLevel;
  /** `msg` of the line: always the same, without a full stop. What differs is in the fields. */
  message: string;
  /** What happened, what follows from it, and what the fields hold. */
  meaning: string;
  /** What to do; absent where there is nothing to do. */
  remedy?: string;
}
