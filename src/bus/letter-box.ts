import { createHash } from 'node:crypto';
import type { BusMessage } from './bus.ts';
import { type DeadLetter, openLetter } from './dead-letter.ts';
import { HEARTBEAT, withoutOrigin } from './envelope.ts';

/** A dead letter, as stored on the bus. */
export interface KeptLetter {
  /** On Redis Streams the entry's id, on Kafka `partition:offset`. */
  id: string;
  /** When the bus stored it, in ms of its wall clock. */
  keptMs: number;
  letter: BusMessage;
}

/** The dead letters of a bus, for `muster deadletters`. Every method throws BusUnavailable. */
export interface LetterBox {
  /** All unsettled dead letters, the oldest first. */
  all(): AsyncIterable<KeptLetter>;
  /** Undefined if there is none, or it is settled. */
  get(id: string): Promise<KeptLetter | undefined>;
  /** Settles dead letters: nobody has to act on them any more. @returns whether the bus removed or marked them */
  settle(ids: string[]): Promise<'removed' | 'marked'>;
  close(): Promise<void>;
}

/** A dead letter in the output of `muster deadletters`. */
export interface ShownLetter extends DeadLetter {
  id: string;
}

export const shownLetter = ({ id, keptMs, letter }: KeptLetter): ShownLetter => ({
  id,
  atMs: keptMs,
  ...openLetter(letter),
});

/** The message to replay, or the reason why it cannot be replayed, for operators. */
export function sendable({ letter }: KeptLetter): BusMessage | string {
  const { message, cutFrom } = openLetter(letter);
  if (cutFrom !== undefined) return `it was cut: of ${cutFrom} bytes only a part is stored`;
  if (message.headers.ce_type === HEARTBEAT) return 'it is a heartbeat: later ones have replaced it';
  return withoutOrigin(message);
}

/** Identifies the message: equal for the copies that the regions keep of it. */
export function nameOf({ letter }: KeptLetter): string {
  const { key, headers, value } = openLetter(letter).message;
  return createHash('sha256')
    .update(JSON.stringify([key, headers.ce_id ?? '', value]))
    .digest('base64');
}
