import { openSync } from 'node:fs';
import { pino } from 'pino';
import { type Log, type LogStream, openStream } from './log.ts';
import type { Metrics } from './metrics.ts';
import { traceOfLine } from './trace.ts';

/** Who did something. Ids are the issuer's, the configuration's or the platform's; never a token. */
export type Who =
  /** `subject` is the person or application that a token speaks of, `client` the application that showed it. */
  | { issuer: string; subject?: string; client?: string }
  /** Another region, on behalf of a caller whom its own audit names. */
  | { region: string }
  /** The platform's own word: the connection that it came by, or null for agents of none. */
  | { platform: string | null }
  /** Muster itself, in the region named: a claim's time was over. */
  | { muster: string }
  /** Anybody on the instance's machine, where there is no `auth`. */
  | { anybody: true };

/** What was done: see docs/security.md, which explains each. */
type Deed =
  | 'claim'
  | 'assign'
  | 'confirm'
  | 'renew'
  | 'release'
  | 'refused'
  | 'complete'
  | 'missed'
  | 'lapse'
  | 'call_conflict'
  | 'event'
  | 'admin'
  | 'conflict'
  | 'denied';

/** One thing that somebody did, and what came of it. */
export interface AuditRecord {
  op: Deed;
  who: Who;
  /** `ok`, or what else came of it, e.g. the code of a problem. */
  outcome: string;
  /** The id that the answer had in `x-request-id`. */
  request?: string;
  agent?: string;
  call?: string;
  queue?: string;
  claim?: string;
  unit?: string;
  fence?: number;
  /** The region that granted the claim, and on whose word: the home's, or the platform's. */
  granted_by?: string;
  mode?: 'home' | 'verified' | 'copy';
  /** Why the claim ended. */
  end_reason?: string;
  /** The event's id, and what it spoke of. */
  event_id?: string;
  facets?: string[];
  /** Method and path, of what is neither a claim nor an event. */
  route?: string;
  /** Of a conflict: the claim that stands and the one that does not. */
  kept?: object;
  lost?: object;
}

/** The record of who did what. */
export interface Audit {
  /** Returns at once; what cannot be written is counted. */
  record(record: AuditRecord): void;
  /** To be called when nothing can happen any more; what waits is still written. */
  close(): void;
}

/** For what runs without an instance around it. */
export const noAudit: Audit = { record() {}, close() {} };

interface AuditOptions {
  /** A file to append to; undefined: the stream of the log. */
  file: string | undefined;
  stream: LogStream;
  region: string;
  instance: string;
  log: Pick<Log, 'error'>;
  metrics: Pick<Metrics, 'auditDropped'>;
}

/** Only its owner reads who did what. */
const MODE = 0o600;
const IS_RECORD = '"audit":true';

/**
 * Writes records as JSON lines, off the caller's path. While they cannot be written up to 16 MiB of them wait; what comes
 * on top is dropped, counted, and told by the next record that gets through.
 * @throws Error if the file cannot be opened: whoever asked for an audit should not run without one
 */
export function openAudit({ file, stream, region, instance, log, metrics }: AuditOptions): Audit {
  const target = file === undefined ? stream : openStream(openFile(file));
  const lines = pino({ base: { region, instance }, mixin: traceOfLine }, target);
  let dropped = 0;
  let isBroken = false;
  target.on('drop', (line: string) => {
    if (!line.includes(IS_RECORD)) return; // a line of the log's own
    metrics.auditDropped.inc();
    dropped += 1;
  });
  target.on('error', (error) => {
    if (!isBroken) log.error('audit_write_failed', { err: error, file });
    isBroken = true;
  });
  target.on('drain', () => {
    isBroken = false;
    if (dropped === 0) return;
    const before = dropped;
    dropped = 0;
    lines.info({ audit: true, op: 'audit', outcome: 'dropped', dropped: before });
  });
  return {
    record: (record) => lines.info({ audit: true, ...record }),
    close: () => {
      if (target !== stream) target.end();
    },
  };
}

function openFile(file: string): number {
  try {
    return openSync(file, 'a', MODE);
  } catch (error) {
    throw new Error(`the audit ${file} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}
