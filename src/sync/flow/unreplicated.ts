import { setTimeout as pause } from 'node:timers/promises';
import type { AgentEvent } from '../../agent/wire.ts';
import { partitionOf } from '../../bus/envelope.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { NotReplicated } from '../../store/written.ts';
import type { Ingest } from './ingest.ts';
import { isOutage } from './outage.ts';

interface UnreplicatedOptions {
  ingest: Pick<Ingest, 'accept' | 'partitions'>;
  clock: Clock;
  log: Log;
}

/** The least time until what no replica has is offered again, in ms; where offering takes longer, as long as that took. */
const PAUSE_MS = 500;
/** Of an agent the latest; of agents so many. What is dropped the next reading of the platform brings back. */
const MOST_EVENTS = 8;
const MOST_AGENTS = 20_000;
/** Agents of a partition whose events are offered at the same time, at most. */
const AT_ONCE = 64;

/**
 * What a platform said, and the region's masters have, and no replica yet: nobody will say it again, so it is accepted again
 * until one has. What comes behind it does not wait meanwhile, for an agent who has left must not be handed out.
 *
 * Each offer appends to the outbox again, since a failover may have taken what was there. So of each partition one agent is
 * offered first, then two, then four: without a replica a round costs the bus one event of a partition, however many wait.
 *
 *   idle ──add──► waiting ──offered, a replica has all──► idle
 *                    └──none yet──► waiting
 */
export class Unreplicated {
  readonly #options: UnreplicatedOptions;
  readonly #events = new Map<string, AgentEvent[]>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: UnreplicatedOptions) {
    this.#options = options;
  }

  /** Accepts an event; one that no replica has yet is accepted, and kept here. @throws ShardUnavailable */
  async accept(event: AgentEvent): Promise<void> {
    try {
      await this.#options.ingest.accept(event);
    } catch (error) {
      if (!(error instanceof NotReplicated)) throw error;
      this.#add(event);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #add(event: AgentEvent): void {
    const known = this.#events.get(event.agentId) ?? [];
    if (known.length === 0 && this.#events.size >= MOST_AGENTS) return;
    this.#events.set(event.agentId, [...known, event].slice(-MOST_EVENTS));
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, log } = this.#options;
    let tookMs = 0;
    log.warn('platform_report_not_replicated');
    while (this.#events.size > 0 && !signal.aborted) {
      await pause(Math.max(PAUSE_MS, tookMs), undefined, { signal }).catch(() => undefined); // it is to stop
      const startedMs = clock.monotonicMs();
      await this.#offer(signal);
      tookMs = clock.monotonicMs() - startedMs;
    }
    this.#running = undefined;
    if (!signal.aborted) log.info('platform_reports_replicated');
  }

  async #offer(signal: AbortSignal): Promise<void> {
    const count = this.#options.ingest.partitions;
    const partitions = Map.groupBy(this.#events.keys(), (agentId) => partitionOf(agentId, count));
    await Promise.all([...partitions.values()].map((agentIds) => this.#offerOf(agentIds, signal)));
  }

  async #offerOf(agentIds: string[], signal: AbortSignal): Promise<void> {
    for (let from = 0, atOnce = 1; from < agentIds.length && !signal.aborted; ) {
      const some = agentIds.slice(from, from + atOnce);
      const taken = await Promise.all(some.map((agentId) => this.#offerAgent(agentId)));
      if (taken.includes(false)) return;
      from += atOnce;
      atOnce = Math.min(2 * atOnce, AT_ONCE);
    }
  }

  /** @returns whether those behind may be offered: the partition has taken all events of the agent, or lost one for good */
  async #offerAgent(agentId: string): Promise<boolean> {
    const { ingest, log } = this.#options;
    const events = this.#events.get(agentId) ?? [];
    try {
      for (const event of events) await ingest.accept(event);
    } catch (error) {
      if (isOutage(error)) return false;
      log.warn('platform_report_dropped', { err: error, agent: agentId });
    }
    // What was added meanwhile is still to be offered.
    const left = (this.#events.get(agentId) ?? []).filter((event) => !events.includes(event));
    if (left.length > 0) this.#events.set(agentId, left);
    else this.#events.delete(agentId);
    return true;
  }
}
