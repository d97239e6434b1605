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

/** What became of one call to a platform: `refused` while it has been away and is not asked. */
export type QueryOutcome = 'answered' | 'failed' | 'refused';

interface PlatformQueriesOptions {
  reader: PlatformReader;
  /** Takes what the platform said of those who were asked about at `askedMs`, monotonic; resolves when it is applied. */
  accept(reports: PlatformReport[], askedMs: number): Promise<void>;
  ended(outcome: QueryOutcome, agents: number, tookMs: number, error?: Error): void;
  monotonicMs(): number;
}

/** A platform that has not answered by then is taken not to, in ms; callers have gone on long before. */
const ANSWER_LIMIT_MS = 2000;
const FAILURES_TO_OPEN = 2;
const OPEN_MS = 5000;
/** Agents that may wait for the next call; beyond that they are not asked about. */
const WAITING_LIMIT = 1000;

/**
 * The questions of one region about one connection, at most one call at a time:
 *
 *   idle ──asked──► calling ──ended, others wait──► calling with all of them
 *                      └──ended, nobody waits──► idle
 *
 * Whoever asks about an agent of the call under way shares it. Two calls in a row that fail open a breaker: for 5 s
 * nobody is kept waiting for a platform that is away.
 */
export class PlatformQueries {
  readonly #options: PlatformQueriesOptions;
  readonly #policy: IPolicy;
  readonly #waiting = new Set<string>();
  #asked = new Set<string>();
  #calling: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: PlatformQueriesOptions) {
    this.#options = options;
    const breaker = new ConsecutiveBreaker(FAILURES_TO_OPEN);
    // Given up whatever the reader still does: one that logs in, or has a name looked up, may not hear the signal.
    const limit = timeout(ANSWER_LIMIT_MS, TimeoutStrategy.Aggressive);
    this.#policy = wrap(circuitBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker }), limit);
  }

  /** Resolves when the calls that ask about these agents have ended, well or not. Never rejects. */
  async ask(agentIds: string[]): Promise<void> {
    const others = agentIds.filter((id) => !this.#asked.has(id));
    const shared = others.length < agentIds.length ? this.#calling : undefined;
    for (const id of others) if (this.#waiting.size < WAITING_LIMIT) this.#waiting.add(id);
    await Promise.all([shared, others.length > 0 ? this.#nextCall() : undefined]);
    // There may not have been room for all in one call.
    for (;;) {
      if (others.some((id) => this.#asked.has(id))) await this.#calling;
      else if (others.some((id) => this.#waiting.has(id))) await this.#nextCall();
      else return;
    }
  }

  /** The call that will ask about all who wait now. */
  #nextCall(): Promise<void> {
    this.#next ??= (this.#calling ?? Promise.resolve()).then(() => {
      this.#next = undefined;
      this.#asked = new Set([...this.#waiting].slice(0, this.#options.reader.batch));
      for (const id of this.#asked) this.#waiting.delete(id);
      this.#calling = this.#call([...this.#asked]).finally(() => {
        this.#calling = undefined;
        this.#asked = new Set();
        if (this.#waiting.size > 0) void this.#nextCall();
      });
      return this.#calling;
    });
    return this.#next;
  }

  async #call(agentIds: string[]): Promise<void> {
    const { reader, accept, ended, monotonicMs } = this.#options;
    const askedMs = monotonicMs();
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
