import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 20_000;

/** Sends messages and waits until they have come back. */
export class Echo {
  readonly #send: (ids: string[]) => Promise<unknown>;
  readonly #waiting = new Map<string, () => void>();
  #count = 0;

  constructor(send: (ids: string[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** Call with every id that came back. */
  heard(id: string): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  /** Sends a number of messages at once. @throws Error if they are not back within 20 s */
  async roundTrip(count = 1): Promise<void> {
    const ids = Array.from({ length: count }, () => `${this.#count++}`);
    const back = Promise.all(ids.map((id) => new Promise<void>((resolve) => this.#waiting.set(id, resolve))));
    const done = new AbortController();
    const late = delay(LIMIT_MS, undefined, { signal: done.signal }).then(() => {
      throw new Error(`${count} messages did not come back from the bus`);
    });
    late.catch(() => undefined); // unused if it came in time
    await Promise.all([this.#send(ids), Promise.race([back, late])]);
    done.abort();
  }
}
