import type { Endpoint } from './endpoint.ts';
import { RequestFailed } from './failure.ts';
import type { PlatformContext } from './platform.ts';

/**
 * The requests that a platform refuses a connection for want of a permission, and that it goes on without. A missing
 * permission does not pass by waiting: whoever sees to the connection is told, for as long as it is so.
 */
export class Refusals<Name extends string> {
  readonly #table: Record<Name, Endpoint>;
  readonly #log: PlatformContext['log'];
  /** What the platform said last. */
  readonly #refused = new Map<Name, string>();

  constructor(table: Record<Name, Endpoint>, log: PlatformContext['log']) {
    this.#table = table;
    this.#log = log;
  }

  /** What is refused and what goes missing by it, for people; undefined where nothing is. */
  get problem(): string | undefined {
    const problems = [...this.#refused].map(([name, said]) => `${said}; so ${this.#table[name].without}`);
    return problems.join('. ') || undefined;
  }

  /** Whether the platform refused it the last time. */
  has(name: Name): boolean {
    return this.#refused.has(name);
  }

  /** Notes that the platform refuses it, or that it does not any more; a refusal is logged once while it lasts. */
  note(name: Name, refusal: RequestFailed | undefined): void {
    const isNew = refusal !== undefined && !this.#refused.has(name);
    if (refusal) this.#refused.set(name, refusal.message);
    else this.#refused.delete(name);
    if (!isNew) return;
    const { method, path, without } = this.#table[name];
    this.#log.warn('platform_permission_missing', { request: `${method} ${path}`, reason: refusal.message, without });
  }

  /**
   * Does what can be done without.
   * @returns undefined where the platform refuses it
   * @throws RequestFailed, where that fails for any other reason
   */
  async unlessRefused<T extends object>(name: Name, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const done = await work();
      this.note(name, undefined);
      return done;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.note(name, error);
      return undefined;
    }
  }
}

/** Whether the platform knows who asks, and does not let them. */
export const isRefusal = (error: unknown): error is RequestFailed =>
  error instanceof RequestFailed && error.status === 403;
