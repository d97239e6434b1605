import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/**
 * The trace of a request (W3C Trace Context). Muster records no spans, so it forwards the caller's `traceparent` unchanged,
 * as the standard asks of such participants.
 */
export interface Trace {
  /** Trace id, 32 hex digits: the same for all work that one request causes, in every region. */
  id: string;
  traceparent: string;
  tracestate?: string;
  /** Id of the request, here or in the region that forwarded it. */
  requestId: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;
const INVALID_VERSION = 'ff';
const VERSION = '00';
const PARENT_DIGITS = 16;
/** A member `key=value` of the comma-separated list. The standard requires forwarding of 512 characters at most. */
const TRACESTATE = /^[ \t]*[a-z0-9][\x21-\x2b\x2d-\x3c\x3e-\x7e]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}[ \t]*$/;
const LONGEST_STATE = 512;
const MOST_MEMBERS = 32;

const storage = new AsyncLocalStorage<Trace>();

/** Reads the trace from request headers; begins a new trace if they are absent or invalid. */
export function readTrace(traceparent: unknown, tracestate: unknown, requestId: string): Trace {
  const [, version = INVALID_VERSION, id = '', parent = '', flags = '', more] =
    TRACEPARENT.exec(String(traceparent)) ?? [];
  const isWrong = version === INVALID_VERSION || NOTHING.test(id) || NOTHING.test(parent);
  if (isWrong || (version === VERSION && more !== undefined)) {
    const id = randomHex();
    return { id, traceparent: `${VERSION}-${id}-${randomHex().slice(PARENT_DIGITS)}-00`, requestId };
  }
  const state = readState(tracestate);
  const passedOn = `${VERSION}-${id}-${parent}-${flags}`;
  return { id, traceparent: passedOn, ...(state !== undefined && { tracestate: state }), requestId };
}

/** 32 hex digits, never all 0. Node keeps random bytes for many UUIDs at hand; `randomBytes` is a system call each time. */
const randomHex = (): string => randomUUID().replaceAll('-', '');

function readState(tracestate: unknown): string | undefined {
  if (typeof tracestate !== 'string' || tracestate.length > LONGEST_STATE) return undefined;
  const members = tracestate.split(',').filter((each) => each.trim() !== '');
  const isGood = members.length > 0 && members.length <= MOST_MEMBERS && members.every((each) => TRACESTATE.test(each));
  return isGood ? tracestate : undefined;
}

/** Runs work within a trace; asynchronous work that it starts belongs to the trace, too. */
export const withTrace = <T>(trace: Trace, work: () => T): T => storage.run(trace, work);

/** The trace of the current work; undefined outside a request. */
export const currentTrace = (): Trace | undefined => storage.getStore();

/** The trace headers for an outgoing request; none outside a request. */
export function traceHeaders(): Record<string, string> {
  const trace = currentTrace();
  if (!trace) return {};
  return { traceparent: trace.traceparent, ...(trace.tracestate !== undefined && { tracestate: trace.tracestate }) };
}

/** The trace id for a log line or audit record; empty outside a request. */
export function traceOfLine(): { trace_id?: string } {
  const trace = currentTrace();
  return trace ? { trace_id: trace.id } : {};
}
