import { setTimeout as pause } from 'node:timers/promises';
import type { ReadThrough } from './read-through.ts';

/** Agents asked about at once. */
const BATCH = 100;
/** Agents of one connection who may wait; beyond that the next reading has to find out. */
const WAITING_LIMIT = 1000;
/** How long an answer is waited for, in ms. */
const ANSWER_MS = 5000;
/** From one question to the next of a connection, in ms: most of what may be asked is for callers on the line. */
const PACE_MS = 5000;

/**
 * Asks platforms about agents of whom it was only heard that something changed: at once, then once in a while with all
 * who were named meanwhile, each once.
 */
export class Hints {
  readonly #readThrough: Pick<ReadThrough, 'ask'>;
  readonly #stopping = new AbortController();
  /** By connection, while somebody is asked about or was lately. */
  readonly #waiting = new Map<string, Set<string>>();
  readonly #running = new Set<Promise<void>>();
  readonly #paceMs: number;

  constructor(readThrough: Pick<ReadThrough, 'ask'>, paceMs = PACE_MS) {
    this.#readThrough = readThrough;
    this.#paceMs = paceMs;
  }

  /** Notes agents to ask about; does not wait for any answer. */
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
      // Rejects when it is stopped, which ends the loop.
      await pause(this.#paceMs, undefined, { signal }).catch(() => {});
    }
    this.#waiting.delete(connection);
  }
}
