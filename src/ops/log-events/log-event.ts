/** Severity of a line. `warn or debug`: debug if another line has already reported the cause. */
type EventLevel = 'debug' | 'info' | 'warn' | 'error' | 'warn or debug';

/** One kind of log line. `docs/log-events.md` is rendered from these. */
export interface LogEvent {
  level: EventLevel;
  /** `msg` of the line, without a full stop. It never varies; fields hold the details. */
  message: string;
  /** What happened, what follows from it, and what the fields hold. */
  meaning: string;
  /** What to do; absent if nothing has to be done. */
  remedy?: string;
}
