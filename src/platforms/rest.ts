import type { PlatformContext } from './platform.ts';

/** The pause between two full reads; it ends early if there is a reason to read everything again. */
export class Rest {
  readonly #context: Pick<PlatformContext, 'count' | 'log'>;
  readonly #stopping: AbortSignal;
  #gap: string | undefined;
  #isWanted = false;
  #wake: () => void = () => {};

  constructor(context: Pick<PlatformContext, 'count' | 'log'>, stopping: AbortSignal) {
    this.#context = context;
    this.#stopping = stopping;
  }

  /** Why changes may have been missed since the last full read began; undefined if none were. */
  get gap(): string | undefined {
    return this.#gap;
  }

  /** Whether a full read is due now. */
  get isOver(): boolean {
    return this.#gap !== undefined || this.#isWanted;
  }

  /** Records a gap: changes may have been missed. */
  missed(reason: string): void {
    if (this.#stopping.aborted || this.#gap !== undefined) return;
    this.#gap = reason;
    this.#context.count('resync', reason);
    this.#context.log.warn('platform_changes_missed', { reason });
    this.wake();
  }

  /** Requests a full read now. */
  readNow(): void {
    this.#isWanted = true;
    this.wake();
  }

  /** Called when a full read begins, which settles all reasons so far. @returns whether there was a gap */
  end(): boolean {
    const hadGap = this.#gap !== undefined;
    this.#gap = undefined;
    this.#isWanted = false;
    return hadGap;
  }

  /** Sleeps, or less if a full read becomes due or `wake` is called. */
  async sleep(ms: number): Promise<void> {
    if (this.isOver) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Ends the current sleep. */
  wake(): void {
    this.#wake();
  }
}
