/** Every timer of one simulator, so that stopping it leaves nothing behind. */
export class Timers {
  #pending = new Set<NodeJS.Timeout>();
  #stopped = false;

  /** Runs `task` once after `ms`. @returns cancels it */
  after(ms: number, task: () => void): () => void {
    if (this.#stopped) return () => {};
    const timer = setTimeout(() => {
      this.#pending.delete(timer);
      task();
    }, ms);
    return this.#track(timer);
  }

  /** Runs `task` every `ms`. @returns ends it */
  every(ms: number, task: () => void): () => void {
    if (this.#stopped) return () => {};
    return this.#track(setInterval(task, ms));
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#pending) clearTimeout(timer);
    this.#pending.clear();
  }

  #track(timer: NodeJS.Timeout): () => void {
    this.#pending.add(timer);
    return () => {
      clearTimeout(timer);
      this.#pending.delete(timer);
    };
  }
}
