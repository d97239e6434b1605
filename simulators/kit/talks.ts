import type { Timers } from './timers.ts';

/** Conversations that end by themselves after a while, or because whoever called hangs up. */
export class Talks {
  readonly #timers: Timers;
  readonly #endings = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `end` once, after `ms` or when all hang up. */
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
