import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/**
 * What a piece of work belongs to, after W3C Trace Context. Muster reports no spans of its own, so it passes on who its
 * caller is unchanged, as that standard asks of those who do not: whatever it asks of others is the caller's to them.
 */
export interface Trace {
  /** 32 hex digits: the same for everything that one request of somebody's led to, wherever. */
  id: string;
  traceparent: string;
  tracestate?: string;
  /** The request here, or at the region that asks. */
  requestId: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NOTHING = /^0+$/;
const INVALID_VERSION = 'ff';
const VERSION = '00';
/** Members `key=value` with commas between; the standard asks nobody to pass on more than 512 characters. */
const TRACESTATE = /^[ \t]*[a-z0-9][\x21-\x2b\x2d-\x3c\x3e-\x7e]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}[ \t]*$/;
const LONGEST_STATE = 512;
const MOST_MEMBERS = 32;

const storage = new AsyncLocalStorage<Trace>();

/** What work belongs to by the headers it came with; a trace of its own where they are not there, or not as they must be. */
export function readTrace(traceparent: unknown, tracestate: unknown, requestId: string): Trace {
  const [, version = INVALID_VERSION, id = '', parent = '', flags = '', more] =
    TRACEPARENT.exec(String(traceparent)) ?? [];
  const isWrong = version === INVALID_VERSION || NOTHING.test(id) || NOTHING.test(parent);
  if (isWrong || (version === VERSION && more !== undefined)) {
    const own = randomBytes(16).toString('hex');
    return { id: own, traceparent: `${VERSION}-${own}-${randomBytes(8).toString('hex')}-00`, requestId };
  }
  const state = readState(tracestate);
  const passedOn = `${VERSION}-${id}-${parent}-${flags}`;
  return { id, traceparent: passedOn, ...(state !== undefined && { tracestate: state }), requestId };
}

function readState(tracestate: unknown): string | undefined {
  if (typeof tracestate !== 'string' || tracestate.length > LONGEST_STATE) return undefined;
  const members = tracestate.split(',').filter((each) => each.trim() !== '');
  const isGood = members.length > 0 && members.length <= MOST_MEMBERS && members.every((each) => TRACESTATE.test(each));
  return isGood ? tracestate : undefined;
}

/** Does work that belongs to a trace: what it begins, and waits for, belongs to it, too. */
export const withTrace = <T>(trace: Trace, work: () => T): T => storage.run(trace, work);

/** What the work at hand belongs to; undefined for what nobody asked for. */
export const currentTrace = (): Trace | undefined => storage.getStore();

/** The headers that tell somebody who is asked what that belongs to; none for what nobody asked for. */
export function traceHeaders(): Record<string, string> {
  const trace = currentTrace();
  if (!trace) return {};
  return { traceparent: trace.traceparent, ...(trace.tracestate !== undefined && { tracestate: trace.tracestate }) };
}

/** The trace id that a log line or audit record carries; empty outside a request. The id is the same in all regions. */
export function traceOfLine(): { trace_id?: string } {
  const trace = currentTrace();
  return trace ? { trace_id: trace.id } : {};
}
