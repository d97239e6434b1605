import { createHash } from 'node:crypto';
import type { BusMessage } from './bus.ts';
import { type DeadLetter, openLetter } from './dead-letter.ts';
import { HEARTBEAT, withoutPosition } from './envelope.ts';

/** A dead letter where the bus keeps it. */
export interface KeptLetter {
  /** Where it lies: on Redis Streams an entry's id, on Kafka `partition:offset`. */
  id: string;
  /** When it came there, in ms of the bus's wall time. */
  keptMs: number;
  letter: BusMessage;
}

/** The dead letters of a bus, for people. Every way throws BusUnavailable. */
export interface LetterBox {
  /** All that are to be looked after, the oldest first. */
  all(): AsyncIterable<KeptLetter>;
  /** Undefined: there is none, or it has been looked after. */
  get(id: string): Promise<KeptLetter | undefined>;
  /** Nobody need look after these any more. @returns what the bus could do: take them away, or mark them */
  settle(ids: string[]): Promise<'removed' | 'marked'>;
  close(): Promise<void>;
}

/** A letter as it is shown. */
export interface ShownLetter extends DeadLetter {
  id: string;
}

export const shownLetter = ({ id, keptMs, letter }: KeptLetter): ShownLetter => ({
  id,
  atMs: keptMs,
  ...openLetter(letter),
});

/** The message to be sent again, or why that would help nobody, for people. */
export function sendable({ letter }: KeptLetter): BusMessage | string {
  const { message, cutFrom } = openLetter(letter);
  if (cutFrom !== undefined) return `it was ${cutFrom} bytes long and is not kept as a whole`;
  if (message.headers.ce_type === HEARTBEAT) return 'it is a heartbeat: a later one has said all that it would';
  return withoutPosition(message);
}

/** The same for copies of one message, of which each region keeps one. */
export function nameOf({ letter }: KeptLetter): string {
  const { key, headers, value } = openLetter(letter).message;
  return createHash('sha256')
    .update(JSON.stringify([key, headers.ce_id ?? '', value]))
    .digest('base64');
}
