const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const KILLED_BY = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** The wish to end, as signals tell it: the first asks, the second ends the process at once. */
export class Signals {
  readonly #asked = new AbortController();
  readonly #listen = (signal: (typeof SIGNALS)[number]): void => {
    if (this.#asked.signal.aborted) process.exit(KILLED_BY[signal]);
    this.#asked.abort(new Error('it was told to stop'));
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#listen);
  }

  /** Aborted once somebody asked. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** From now on signals do what they usually do. */
  ignore(): void {
    for (const signal of SIGNALS) process.off(signal, this.#listen);
  }
}
