import type { BusMessage } from './bus.ts';

/** Headers that a dead letter adds to those of its message. docs/asyncapi.yaml describes them. */
export const REASON = 'muster_reason';
const STACK = 'muster_stack';
const REGION = 'muster_region';
const FROM = 'muster_from';
const AT = 'muster_put_aside_at';
const CUT_FROM = 'muster_cut_from';
const ADDED = [REASON, STACK, REGION, FROM, AT, CUT_FROM];

/** Limits in characters. A broker limits headers and value together. */
const REASON_LENGTH = 1000;
const STACK_LENGTH = 4000;
/** A larger value is cut. Brokers accept about 1 MiB by default, and dead letters must not fill the bus. */
const VALUE_BYTES = 900_000;
/** Length to which such a value is cut, in characters. */
const CUT_LENGTH = 64 * 1024;
/** Length to which a key is cut, in characters. Agent ids are shorter, and partitioning very long keys takes minutes. */
const KEY_LENGTH = 1000;
/** Length of each header and of the value after {@link shorten}, in characters. */
const SHORT_LENGTH = 1000;

/** Why, where and when a message became a dead letter. */
export interface Cause {
  /** Why the message failed, for operators. */
  reason: string;
  /** Stack trace of the failure; absent if the message could not be read. */
  stack?: string;
  /** The region that wrote the dead letter. */
  region: string;
  /** Source of the message, e.g. `bus partition 3, 1764072000123-7`. */
  from: string;
  /** When the dead letter was written, in ms of wall time. */
  atMs: number;
}

export interface DeadLetter extends Partial<Cause> {
  /** The original message, possibly cut. */
  message: BusMessage;
  /** Original size of the value in bytes, if the value or the key was cut. Such a message cannot be replayed. */
  cutFrom?: number;
}

/** Makes a dead letter: the message, with the cause in additional headers. Over-long parts are cut. */
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

/** Cuts a dead letter that the bus refused as too large. Keeps CloudEvents and `muster_` headers, at most twelve. */
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

/** Reads a dead letter back: the original message without the added headers, and the cause. */
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

/** A cut may split a surrogate pair, hence `toWellFormed`. */
const cut = (text: string, length: number): string => text.slice(0, length).toWellFormed();
