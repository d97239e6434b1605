import { setTimeout as pause } from 'node:timers/promises';
import type { ReadThrough } from './read-through.ts';

/** Agents per platform query. */
const BATCH = 100;
/** Most agents of a connection that wait for a query. Hints beyond that are dropped: the next full read finds the changes. */
const WAITING_LIMIT = 1000;
/** Time that a platform gets to answer, in ms. */
const ANSWER_MS = 5000;
/** Pause between queries of a connection, in ms, which leaves most of the request budget for waiting callers. */
const PACE_MS = 5000;

/**
 * Queries platforms about the agents of change hints: at once for the first hint, then at intervals for all agents that were
 * named meanwhile.
 */
export class Hints {
  readonly #readThrough: Pick<ReadThrough, 'ask'>;
  readonly #stopping = new AbortController();
  /** Waiting agents by connection, while its loop runs. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #running = new Set<Promise<void>>();
  readonly #paceMs: number;

  constructor(readThrough: Pick<ReadThrough, 'ask'>, paceMs = PACE_MS) {
    this.#readThrough = readThrough;
    this.#paceMs = paceMs;
  }

  /** Queues agents for a query. Returns at once. */
  take(connection: string, agentIds: string[]): void {
    if (agentIds.length === 0 || this.#stopping.signal.aborted) return;
    const known = this.#waiting.get(connection);
    const waiting = known ?? new Set<string>();
    for (const agentId of agentIds) if (waiting.size < WAITING_LIMIT) waiting.add(agentId);
    if (known) return;
    this.#waiting.set(connection, waiting);
    const running = this.#run(connection, waiting).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #run(connection: string, waiting: Set<string>): Promise<void> {
    const { signal } = this.#stopping;
    while (waiting.size > 0 && !signal.aborted) {
      const asked = [...waiting].slice(0, BATCH);
      for (const agentId of asked) waiting.delete(agentId);
      await this.#readThrough.ask(asked, ANSWER_MS);
      // Rejects when stopped; the loop ends then.
      await pause(this.#paceMs, undefined, { signal }).catch(() => {});
    }
    this.#waiting.delete(connection);
  }
}
