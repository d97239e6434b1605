import { monitorEventLoopDelay } from 'node:perf_hooks';

const EVERY_MS = 100;
const RESOLUTION_MS = 10;
/** How much the newest tenth of a second counts where it is worse: one pause, e.g. of garbage collection, is not a load. */
const RISE = 0.5;
/** And where it is better: whatever was refused comes again, and all at once would be too much again. */
const FALL = 0.1;

/** How late the event loop is, in ms: what whatever arrives now has to wait before anybody looks at it. */
export class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #lagMs = 0;

  constructor() {
    this.#delays.enable();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  get lagMs(): number {
    return this.#lagMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #look(): void {
    const newestMs = this.#delays.count === 0 ? 0 : this.#delays.mean / 1e6 - RESOLUTION_MS;
    const change = Math.max(0, newestMs) - this.#lagMs;
    this.#lagMs += change * (change > 0 ? RISE : FALL);
    this.#delays.reset();
  }
}
