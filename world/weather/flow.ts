import type { Socket } from 'node:net';
import { systemClock } from '../../src/ops/clock.ts';

/** Limit of waiting bytes in one direction of a connection; above it, the source is not read. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** The path of a flow, asked for every chunk that is sent. */
export interface Conditions {
  /** Delay of a chunk that is sent now, in ms. */
  delayMs(): number;
  /** Whether delivery is stopped now. */
  isStalled(): boolean;
}

interface Parcel {
  bytes: number;
  dueMs: number;
  deliver: () => void;
}

/**
 * One direction of a connection. Data, end and break arrive in the order they were sent, no faster than the target reads.
 * The data on its way is bounded.
 */
export class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #conditions: Conditions;
  readonly #waiting: Parcel[] = [];
  #waitingBytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, conditions: Conditions) {
    this.#from = from;
    this.#to = to;
    this.#conditions = conditions;
    from.on('data', (chunk: Buffer) => this.send(chunk.length, () => to.write(chunk)));
    from.on('end', () => this.send(0, () => to.end()));
    from.on('close', (failed) => {
      if (failed || !from.readableEnded) this.send(0, () => to.resetAndDestroy());
    });
    to.on('drain', () => this.release());
    to.on('close', () => this.#forget());
  }

  /** @param delayMs delay, unless earlier data takes longer */
  send(bytes: number, deliver: () => void, delayMs = this.#conditions.delayMs()): void {
    if (this.#to.destroyed) return;
    if (delayMs === 0 && this.#waiting.length === 0 && this.#flows) {
      deliver();
      return;
    }
    this.#lastDueMs = Math.max(this.#lastDueMs, systemClock.monotonicMs() + delayMs);
    this.#waiting.push({ bytes, dueMs: this.#lastDueMs, deliver });
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.#from.pause();
    this.#awaitFirst();
  }

  /** Delivers what is due. */
  release(): void {
    const nowMs = systemClock.monotonicMs();
    let delivered = 0;
    for (const { bytes, dueMs, deliver } of this.#waiting) {
      if (dueMs > nowMs || !this.#flows) break;
      deliver();
      this.#waitingBytes -= bytes;
      delivered++;
    }
    this.#waiting.splice(0, delivered);
    if (this.#waitingBytes <= MAX_WAITING_BYTES) this.#from.resume();
    this.#awaitFirst();
  }

  get #flows(): boolean {
    return !this.#conditions.isStalled() && !this.#to.writableNeedDrain;
  }

  #awaitFirst(): void {
    const [first] = this.#waiting;
    if (!first || this.#timer || !this.#flows) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.release();
      },
      Math.max(0, first.dueMs - systemClock.monotonicMs()),
    );
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#from.resume();
  }
}
