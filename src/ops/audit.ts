import { openSync } from 'node:fs';
import { pino } from 'pino';
import { type Log, type LogStream, openStream } from './log.ts';
import type { Metrics } from './metrics.ts';
import { traceOfLine } from './trace.ts';

/** Who acted. Ids come from the token issuer, the configuration or the platform; tokens are never recorded. */
export type Who =
  /** `subject` is the person or application that the token was issued for, `client` the application that sent it. */
  | { issuer: string; subject?: string; client?: string }
  /** Another region, on behalf of a caller that is named in the other region's audit. */
  | { region: string }
  /** The platform, by the connection that reported it; null for agents without a connection. */
  | { platform: string | null }
  /** Muster itself, in this region: a claim expired. */
  | { muster: string }
  /** Any caller on the instance's machine; used if `auth` is not configured. */
  | { anybody: true };

/** The kinds of action; docs/security.md explains each. */
type AuditOp =
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

/** One action and its outcome. */
export interface AuditRecord {
  op: AuditOp;
  who: Who;
  /** `ok`, or another outcome, e.g. the code of a problem. */
  outcome: string;
  /** The request id, as answered in `x-request-id`. */
  request?: string;
  agent?: string;
  call?: string;
  queue?: string;
  claim?: string;
  unit?: string;
  fence?: number;
  /** The region that granted the claim, and how: as the home, as a delegated grant (`verified`), or from a copy. */
  granted_by?: string;
  mode?: 'home' | 'verified' | 'copy';
  /** Why the claim ended. */
  end_reason?: string;
  /** The event's id, and the facets that it changes. */
  event_id?: string;
  facets?: string[];
  /** Method and path of a request that is neither a claim nor an event. */
  route?: string;
  /** In a claim conflict: the claim that stands, and the one that does not. */
  kept?: object;
  lost?: object;
}

/** Longest time in ms that a gathered line waits for others, while the event loop is not busy. */
const GATHER_MS = 20;

/** Most bytes of lines that are gathered: what a pipe takes in one piece, even if other processes write to it. */
const MOST_GATHERED = 4096;

interface StreamEvents {
  /** One line or more were dropped. */
  drop: [lines: string];
  error: [error: Error];
  /** Everything has been written. */
  drain: [];
}

/**
 * Lines to a file or a pipe, written asynchronously and in order. All are written before the process exits; if it does so during a
 * write, later ones may come first.
 */
export class LineStream {
  readonly #out: LogStream;
  #gathered = '';
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** @param fd of a file or a pipe; `end` closes it */
  constructor(fd: number) {
    this.#out = openStream(fd);
  }

  /** Writes a line at once, after the gathered ones. */
  write(line: string): void {
    this.#send();
    this.#out.write(line);
  }

  /** Writes a line together with those of the next 20 ms. A write costs more than making its line: two threads wake up for it. */
  gather(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > MOST_GATHERED) this.#send();
    if (this.#isEnding || bytes > MOST_GATHERED) {
      this.#out.write(line);
      return;
    }
    this.#gathered += line;
    this.#bytes += bytes;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#send, GATHER_MS);
    // Before the listener of pino, which writes what it still has.
    process.prependListener('exit', this.#send);
  }

  on<Event extends keyof StreamEvents>(event: Event, listener: (...about: StreamEvents[Event]) => void): void {
    this.#out.on(event, listener);
  }

  /** Writes what waits, and closes. */
  end(): void {
    this.#isEnding = true;
    this.#send();
    this.#out.end();
  }

  readonly #send = (): void => {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    process.off('exit', this.#send);
    this.#timer = undefined;
    const lines = this.#gathered;
    this.#gathered = '';
    this.#bytes = 0;
    this.#out.write(lines);
  };
}

/** Writes audit records. */
export interface Audit {
  /** Returns at once; the record is written within 20 ms. Records that cannot be written are dropped and counted. */
  record(record: AuditRecord): void;
  /** Call last. Waiting records are still written. */
  close(): void;
}

/** Discards all records. For commands that run without an instance. */
export const noAudit: Audit = { record() {}, close() {} };

interface AuditOptions {
  /** A file to append to; undefined: the stream of the log. */
  file: string | undefined;
  stream: LineStream;
  region: string;
  instance: string;
  log: Pick<Log, 'error'>;
  metrics: Pick<Metrics, 'auditDropped'>;
}

/** The file is readable by its owner only. */
const MODE = 0o600;
const IS_RECORD = '"audit":true';

/**
 * Writes records as JSON lines, asynchronously. Up to 16 MiB of records wait while the file cannot be written. Further ones
 * are dropped and counted; the next record that is written says how many.
 * @throws Error if the file cannot be opened: an instance that is configured to audit must not run without the audit
 */
export function openAudit({ file, stream, region, instance, log, metrics }: AuditOptions): Audit {
  const target = file === undefined ? stream : new LineStream(openFile(file));
  const lines = pino({ base: { region, instance }, mixin: traceOfLine }, { write: (line) => target.gather(line) });
  let dropped = 0;
  let isBroken = false;
  target.on('drop', (text) => {
    const records = text.split(IS_RECORD).length - 1; // none in a line of the log
    metrics.auditDropped.inc(records);
    dropped += records;
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
