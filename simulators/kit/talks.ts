import type { Timers } from './timers.ts';

/** Conversations that end after a while, or when the customer hangs up. */
export class Talks {
  readonly #timers: Timers;
  readonly #endings = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `end` once, after `ms` or at `hangUp`. */
  begin(ms: number, end: () => void): void {
    const over = (): void => {
      cancel();
      this.#endings.delete(over);
      end();
    };
    const cancel = this.#timers.after(ms, over);
    this.#endings.add(over);
  }

  hangUp(): void {
    for (const end of [...this.#endings]) end();
  }
}
