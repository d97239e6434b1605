const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const KILLED_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** Signals that ask to end: the first asks, the second ends the process at once. */
export class Signals {
  readonly #asked = new AbortController();
  readonly #listen = (signal: (typeof SIGNALS)[number]): void => {
    if (this.#asked.signal.aborted) process.exit(KILLED_BY[signal]);
    this.#asked.abort(new Error('stopped by a signal'));
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listen);
  }

  /** Aborted by the first signal. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** Restores the usual effect of signals. */
  ignore(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listen);
  }
}
