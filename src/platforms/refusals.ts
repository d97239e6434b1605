import type { Endpoint } from './endpoint.ts';
import { RequestFailed } from './failure.ts';
import type { PlatformContext } from './platform.ts';

/**
 * Requests that a platform refuses because a permission is missing; the connection goes on without them. Waiting does not
 * help, so the connection's health reports them for as long as they last.
 */
export class Refusals<Name extends string> {
  readonly #table: Record<Name, Endpoint>;
  readonly #log: PlatformContext['log'];
  /** The platform's last error message. */
  readonly #refused = new Map<Name, string>();

  constructor(table: Record<Name, Endpoint>, log: PlatformContext['log']) {
    this.#table = table;
    this.#log = log;
  }

  /** Refused requests and the effect, for people; undefined for none. */
  get problem(): string | undefined {
    const problems = [...this.#refused].map(([name, message]) => `${message}; so ${this.#table[name].without}`);
    return problems.join('. ') || undefined;
  }

  /** Whether the platform refused the last attempt. */
  has(name: Name): boolean {
    return this.#refused.has(name);
  }

  /** Records a refusal, or its end. A refusal is logged once while it lasts. */
  note(name: Name, refusal: RequestFailed | undefined): void {
    const isNew = refusal !== undefined && !this.#refused.has(name);
    if (refusal) this.#refused.set(name, refusal.message);
    else this.#refused.delete(name);
    if (!isNew) return;
    const { method, path, without } = this.#table[name];
    this.#log.warn('platform_permission_missing', { request: `${method} ${path}`, reason: refusal.message, without });
  }

  /**
   * Runs an optional request.
   * @returns undefined if the platform refuses it
   * @throws RequestFailed for any other failure
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

/** Whether the platform refused for a missing permission (403). */
export const isRefusal = (error: unknown): error is RequestFailed =>
  error instanceof RequestFailed && error.status === 403;
