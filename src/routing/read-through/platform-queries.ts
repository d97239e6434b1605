import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  type IPolicy,
  isBrokenCircuitError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel';
import type { PlatformReader, PlatformReport } from '../../platforms/platform.ts';

/** Outcome of a platform query. `refused`: the circuit breaker was open, so nothing was sent. */
export type QueryOutcome = 'answered' | 'failed' | 'refused';

interface PlatformQueriesOptions {
  reader: PlatformReader;
  /** Applies the platform's answer to a query that was sent at `askedMs`, monotonic. Resolves when it is applied. */
  accept(reports: PlatformReport[], askedMs: number): Promise<void>;
  /** Called after every query, for metrics and logs. */
  ended(outcome: QueryOutcome, agents: number, tookMs: number, error?: Error): void;
  monotonicMs(): number;
}

/** Time limit of a query, in ms. Callers wait for less. */
const ANSWER_LIMIT_MS = 2000;
const FAILURES_TO_OPEN = 2;
const OPEN_MS = 5000;
/** Most agents that wait for the next query. Agents beyond that are not queried. */
const WAITING_LIMIT = 1000;

/**
 * The platform queries of an instance for one connection. At most one runs at a time:
 *
 *   idle ──asked──► running ──ended, agents wait──► running, with all of them
 *                      └──ended, none wait──► idle
 *
 * Callers that ask about an agent of the running query share it, unless it was sent too early for them. After two consecutive failures a circuit breaker opens: for 5 s
 * no caller waits for an unavailable platform.
 */
export class PlatformQueries {
  readonly #options: PlatformQueriesOptions;
  readonly #policy: IPolicy;
  readonly #waiting = new Set<string>();
  #asked = new Set<string>();
  /** When the running query was sent, in monotonic ms. */
  #askedMs = Number.NEGATIVE_INFINITY;
  #calling: Promise<void> | undefined;
  #next: Promise<ReadonlySet<string>> | undefined;

  constructor(options: PlatformQueriesOptions) {
    this.#options = options;
    const breaker = new ConsecutiveBreaker(FAILURES_TO_OPEN);
    // Aggressive: a reader may ignore the signal while it logs in or waits for DNS.
    const limit = timeout(ANSWER_LIMIT_MS, TimeoutStrategy.Aggressive);
    this.#policy = wrap(circuitBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker }), limit);
  }

  /**
   * Queries these agents. Resolves when the queries have ended, successfully or not. Never rejects.
   * @param notBeforeMs monotonic ms: a running query that was sent before is not shared
   */
  async ask(agentIds: string[], notBeforeMs = Number.NEGATIVE_INFINITY): Promise<void> {
    const isShared = (id: string): boolean => this.#asked.has(id) && this.#askedMs >= notBeforeMs;
    const others = agentIds.filter((id) => !isShared(id));
    const shared = others.length < agentIds.length ? this.#calling : undefined;
    for (const id of others) if (this.#waiting.size < WAITING_LIMIT) this.#waiting.add(id);
    const waiting = new Set(others.filter((id) => this.#waiting.has(id)));
    await Promise.all([shared, this.#untilAsked(waiting)]);
  }

  /** Resolves when a query about each of these waiting agents has ended. They may need more than one. */
  async #untilAsked(left: Set<string>): Promise<void> {
    const isLeft = (among: ReadonlySet<string>): boolean => [...left].some((id) => among.has(id));
    for (;;) {
      let asked: ReadonlySet<string> = this.#asked;
      if (isLeft(this.#waiting)) asked = await this.#nextCall();
      else if (isLeft(asked)) await this.#calling;
      else return;
      // Others may ask about the same agents again.
      for (const id of asked) left.delete(id);
    }
  }

  /** The query after the running one, for the agents that wait. Resolves with those that it was about. */
  #nextCall(): Promise<ReadonlySet<string>> {
    this.#next ??= (this.#calling ?? Promise.resolve()).then(async () => {
      this.#next = undefined;
      const asked = new Set([...this.#waiting].slice(0, this.#options.reader.batch));
      this.#asked = asked;
      for (const id of asked) this.#waiting.delete(id);
      this.#calling = this.#call([...asked]).finally(() => {
        this.#calling = undefined;
        this.#asked = new Set();
        if (this.#waiting.size > 0) void this.#nextCall();
      });
      await this.#calling;
      return asked;
    });
    return this.#next;
  }

  async #call(agentIds: string[]): Promise<void> {
    const { reader, accept, ended, monotonicMs } = this.#options;
    const askedMs = monotonicMs();
    this.#askedMs = askedMs;
    const took = (): number => monotonicMs() - askedMs;
    try {
      await accept(await this.#policy.execute(({ signal }) => reader.read(agentIds, signal)), askedMs);
      ended('answered', agentIds.length, took());
    } catch (error) {
      const outcome = isBrokenCircuitError(error as Error) ? 'refused' : 'failed';
      ended(outcome, agentIds.length, took(), error as Error);
    }
  }
}
