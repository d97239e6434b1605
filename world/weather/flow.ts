import type { Socket } from 'node:net';
import { systemClock } from '../../src/ops/clock.ts';

/** While more than this waits in one direction of a connection, its source is not read. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What a flow goes through, asked anew for everything that is sent. */
export interface Conditions {
  /** How long what is sent now is under way, in ms. */
  delayMs(): number;
  /** Whether nothing arrives at present. */
  isStalled(): boolean;
}

interface Parcel {
  bytes: number;
  dueMs: number;
  deliver: () => void;
}

/**
 * One direction of a connection. Everything arrives in the order it was sent, the end and a break included, and no
 * faster than the target takes it; what is under way is bounded.
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

  /** @param delayMs how long it is under way, unless what was sent before takes longer */
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
