import type { PlatformContext } from './platform.ts';

/** The time between two readings of a platform: it ends early where there is a reason to read everything again. */
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

  /** Why changes may have been missed since the last reading began; undefined while they were not. */
  get gap(): string | undefined {
    return this.#gap;
  }

  /** Whether there is a reason to read again. */
  get isOver(): boolean {
    return this.#gap !== undefined || this.#isWanted;
  }

  /** Changes may have been missed. */
  missed(reason: string): void {
    if (this.#stopping.aborted || this.#gap !== undefined) return;
    this.#gap = reason;
    this.#context.count('resync', reason);
    this.#context.log.warn('platform_changes_missed', { reason });
    this.wake();
  }

  /** Somebody wants everything read now. */
  readNow(): void {
    this.#isWanted = true;
    this.wake();
  }

  /** To be called as a reading begins, which sees to all reasons there were. @returns whether changes may have been missed */
  end(): boolean {
    const hadGap = this.#gap !== undefined;
    this.#gap = undefined;
    this.#isWanted = false;
    return hadGap;
  }

  /** Lets some time pass, or less when there is a reason to read again, or something else to see to. */
  async sleep(ms: number): Promise<void> {
    if (this.isOver) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Ends the sleep. */
  wake(): void {
    this.#wake();
  }
}
