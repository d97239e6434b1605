import type { Clock } from '../ops/clock.ts';
import { backoffMs, pause } from './backoff.ts';
import { Delivery } from './delivery.ts';
import type { FirstReading, PlatformConnection, PlatformContext, PlatformHealth, PlatformReport } from './platform.ts';
import { Rest } from './rest.ts';
import type { Surplus } from './surplus.ts';

/** The part of a connection that depends on the platform. */
export interface SyncedPlatform {
  /** Agents known. */
  readonly agents: number;
  readonly surplus: Pick<Surplus, 'report'>;
  /** Whether live changes arrive. */
  readonly isLive: boolean;
  /** Progress of the first full read. */
  readonly progress: Omit<FirstReading, 'forMs'>;
  /** Why live changes do not arrive at present, for people. */
  readonly problem?: string | undefined;
  /** Why some data is missing while the sync runs, e.g. a missing permission, for people. */
  readonly limitation: string;
  /** Called before the next full read where changes may have been missed. */
  restart(): void;
  /** Prepares a full read: logs in, subscribes. @throws RequestFailed */
  prepare(): Promise<void>;
  /** Reads all agents and reconciles them. @throws RequestFailed */
  readAll(): Promise<void>;
  /** Waits until the next full read is due. Default: sleeps. @param ms until it is due; less where `Rest` is over */
  rest?(ms: number): Promise<void>;
  /** Polls for changes beside the full reads, until the signal aborts. Default: changes are pushed. Never throws. */
  poll?(): Promise<void>;
  /** Called on stop, before the last report is accepted: no more changes are needed. */
  unsubscribe?(): void;
  close(): Promise<void>;
}

/** What a platform uses of its sync. */
export interface SyncHandle {
  /** Aborts when the connection stops. */
  readonly signal: AbortSignal;
  readonly rest: Rest;
  /** Queues reports; a full queue means a gap. */
  deliver(reports: PlatformReport[]): void;
  /** Resolves when all reports that are queued now have been accepted. */
  settled(): Promise<void>;
}

/**
 * Keeps the store equal to one account on one platform: live changes as they come, and a full read at the start, after
 * every gap, and at every interval to correct drift.
 *
 *   start ─► connecting ─► reading ─► live ──┐
 *                ▲             ▲      │ ▲    │
 *                │             │      │ └────┘ every interval: full read
 *                ├──── gap ◄───┼──────┘
 *                └── backoff ◄─┘ any failure
 *
 * A gap means that changes may have been missed. The full read is compared with the store, not with what this connection
 * reported, so it also repairs what was lost on the way.
 */
export class PlatformSync implements PlatformConnection {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #delivery: Delivery;
  readonly #rest: Rest;
  readonly #platform: SyncedPlatform;
  #state: 'connecting' | 'reading' | 'live' | 'stopped' = 'connecting';
  /** Why the last full read failed. */
  #problem: string | undefined;
  #lastSnapshotMs: number | undefined;
  #startedMs = 0;
  #running: Promise<unknown> | undefined;

  /** @param open creates the platform's part; called once, at once */
  constructor(context: PlatformContext, clock: Clock, open: (sync: SyncHandle) => SyncedPlatform) {
    const { signal } = this.#stopping;
    this.#context = context;
    this.#clock = clock;
    this.#delivery = new Delivery(context, signal);
    this.#rest = new Rest(context, signal);
    this.#platform = open({
      signal,
      rest: this.#rest,
      deliver: (reports) => this.#deliver(reports),
      settled: () => this.#delivery.settled(),
    });
  }

  start(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#running ??= Promise.all([this.#run(), this.#platform.poll?.()]);
  }

  readNow(): void {
    this.#rest.readNow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#rest.wake();
    await this.#running;
    this.#platform.unsubscribe?.();
    await this.#delivery.settled();
    await this.#platform.close();
    this.#state = 'stopped';
  }

  health(): PlatformHealth {
    const { agents, isLive, surplus, limitation } = this.#platform;
    const { gap } = this.#rest;
    const health: PlatformHealth = { connected: this.#state === 'live' && isLive && gap === undefined, agents };
    const forMs = Math.round(this.#clock.monotonicMs() - this.#startedMs);
    if (this.#lastSnapshotMs !== undefined) health.lastSnapshotMs = this.#lastSnapshotMs;
    else health.reading = { ...this.#platform.progress, forMs };
    const problem = this.#problem ?? this.#platform.problem ?? gap ?? limitation;
    if (problem) health.problem = problem;
    return { ...health, ...surplus.report() };
  }

  /** Reads until the signal aborts. A full read that takes more than half of the interval is followed by a pause as long as itself. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const intervalMs = this.#context.readingIntervalMs;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const tookMs = await this.#read();
        failures = 0;
        const restMs = Math.max(intervalMs - tookMs, Math.min(tookMs, intervalMs));
        await (this.#platform.rest?.(restMs) ?? this.#rest.sleep(restMs));
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        const waitMs = backoffMs(failures);
        this.#problem = (error as Error).message;
        this.#context.log.warn('platform_read_failed', { reason: this.#problem, retry_in_ms: Math.round(waitMs) });
        await pause(waitMs, signal).catch(() => {});
      }
    }
  }

  /** Reads everything. @returns how long that took, in ms @throws RequestFailed */
  async #read(): Promise<number> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#rest.end()) {
      this.#state = 'connecting';
      this.#platform.restart();
    }
    await this.#platform.prepare();
    // A full read that only corrects drift runs beside live changes and does not change the state.
    if (this.#state !== 'live') this.#state = 'reading';
    await this.#platform.readAll();
    this.#lastSnapshotMs = this.#clock.nowMs();
    this.#problem = undefined;
    if (this.#state !== 'live') this.#context.log.info('platform_live', { agents: this.#platform.agents });
    this.#state = 'live';
    return this.#clock.monotonicMs() - startedMs;
  }

  #deliver(reports: PlatformReport[]): void {
    if (this.#stopping.signal.aborted || this.#delivery.push(reports)) return;
    this.#rest.missed('too many reports were waiting');
  }
}
