import type { BusMessage } from './bus.ts';

/** Headers that a dead letter has beside those of its message. docs/asyncapi.yaml says what they hold. */
export const REASON = 'muster_reason';
const STACK = 'muster_stack';
const REGION = 'muster_region';
const FROM = 'muster_from';
const AT = 'muster_put_aside_at';
const CUT_FROM = 'muster_cut_from';
const ADDED = [REASON, STACK, REGION, FROM, AT, CUT_FROM];

/** What is kept of a reason and of a stack, in characters: a broker limits headers together with the value. */
const REASON_LENGTH = 1000;
const STACK_LENGTH = 4000;
/** A value of more bytes is cut: what waits for a person must not fill the bus, and brokers take no more by default. */
const VALUE_BYTES = 900_000;
/** What is kept of one that is cut, in characters. */
const CUT_LENGTH = 64 * 1024;
/** What is kept of a key, in characters: no agent has a longer one, and dealing very long ones over partitions takes minutes. */
const KEY_LENGTH = 1000;
/** Of a letter that is still too large: of each header, and of the value. */
const SHORT_LENGTH = 1000;

/** Why a message was put aside, where, and by whom. */
export interface Cause {
  /** For people: what is wrong with the message. */
  reason: string;
  /** Where the code met it; absent where the message itself could not be read. */
  stack?: string;
  /** The region that put it aside. */
  region: string;
  /** Where it came from, e.g. `bus partition 3, 1764072000123-7`. */
  from: string;
  /** When, in ms of wall time. */
  atMs: number;
}

export interface DeadLetter extends Partial<Cause> {
  /** The message as it came, as far as it could be kept. */
  message: BusMessage;
  /** Bytes that its value had, where that or the key was cut: it cannot be sent again. */
  cutFrom?: number;
}

/** The letter: the message as it came, with the cause in further headers. */
export function sealLetter({ key, headers, value }: BusMessage, cause: Cause): BusMessage {
  const { reason, stack, region, from, atMs } = cause;
  const bytes = Buffer.byteLength(value);
  const isCut = bytes > VALUE_BYTES || key.length > KEY_LENGTH;
  return {
    key: cut(key, KEY_LENGTH),
    headers: {
      ...headers,
      [REASON]: cut(reason, REASON_LENGTH),
      ...(stack !== undefined && { [STACK]: cut(stack, STACK_LENGTH) }),
      [REGION]: region,
      [FROM]: from,
      [AT]: new Date(atMs).toISOString(),
      ...(isCut && { [CUT_FROM]: `${bytes}` }),
    },
    value: bytes > VALUE_BYTES ? cut(value, CUT_LENGTH) : value,
  };
}

/** A letter that the bus finds too large, with as much of it as anything takes. */
export function shorten({ key, headers, value }: BusMessage): BusMessage {
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('ce_') || ADDED.includes(name));
  const short = kept.slice(0, 2 * ADDED.length).map(([name, text]) => [name, cut(text, SHORT_LENGTH)]);
  const bytes = headers[CUT_FROM] ?? `${Buffer.byteLength(value)}`;
  return {
    key,
    headers: { ...Object.fromEntries(short), [CUT_FROM]: bytes },
    value: cut(value, SHORT_LENGTH),
  };
}

export function openLetter({ key, headers, value }: BusMessage): DeadLetter {
  const { [REASON]: reason, [STACK]: stack, [REGION]: region, [FROM]: from, [AT]: at, [CUT_FROM]: cutFrom } = headers;
  const own = Object.entries(headers).filter(([name]) => !ADDED.includes(name));
  const atMs = Date.parse(at ?? '');
  return {
    message: { key, headers: Object.fromEntries(own), value },
    ...(reason !== undefined && { reason }),
    ...(stack !== undefined && { stack }),
    ...(region !== undefined && { region }),
    ...(from !== undefined && { from }),
    ...(Number.isFinite(atMs) && { atMs }),
    ...(cutFrom !== undefined && { cutFrom: Number(cutFrom) }),
  };
}

/** Half a character at the cut is no text. */
const cut = (text: string, length: number): string => text.slice(0, length).toWellFormed();
