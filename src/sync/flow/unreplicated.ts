import { setTimeout as pause } from 'node:timers/promises';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { NotReplicated } from '../../store/written.ts';
import type { Ingest } from './ingest.ts';
import { isOutage } from './outage.ts';

interface UnreplicatedOptions {
  ingest: Pick<Ingest, 'accept' | 'restore'>;
  config: Config;
  clock: Clock;
  log: Log;
}

/** Pause between rounds in ms, or the duration of the last round if that was longer. */
const PAUSE_MS = 500;
/** Limits: the latest events of each agent, and the number of agents. The next full read reports dropped events again. */
const MOST_EVENTS = 8;
const MOST_AGENTS = 20_000;
/** Limit of agents of a domain whose events are sent concurrently. */
const AT_ONCE = 64;

/**
 * Holds platform reports that the region's masters have applied and no replica has acknowledged. A platform does not repeat
 * them, so they are accepted again until a replica has them. Later reports do not wait meanwhile: an agent who went off duty
 * must not be handed out.
 *
 * Each attempt writes the record again. So the first attempt of a round sends one agent of a domain, the next two, then four:
 * while there is no replica, a round costs one write for each domain.
 *
 *   idle ──add──► waiting ──restored, sent again, a replica has all──► idle
 *                    └──no replica yet──► waiting
 */
export class Unreplicated {
  readonly #options: UnreplicatedOptions;
  readonly #events = new Map<string, AgentEvent[]>();
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: UnreplicatedOptions) {
    this.#options = options;
  }

  /** Accepts an event. If a failover may lose it, it is accepted all the same, and sent again later. @throws ShardUnavailable */
  async accept(event: AgentEvent): Promise<void> {
    if (!(await this.#isSafe(event))) this.#add(event);
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
      await pause(Math.max(PAUSE_MS, tookMs), undefined, { signal }).catch(() => undefined); // stopping
      const startedMs = clock.monotonicMs();
      await this.#restore(signal);
      await this.#offer(signal);
      tookMs = clock.monotonicMs() - startedMs;
    }
    this.#running = undefined;
    if (!signal.aborted) log.info('platform_reports_replicated');
  }

  /** @returns whether a failover cannot lose the event. @throws ShardUnavailable, or an error that ends all attempts */
  async #isSafe(event: AgentEvent): Promise<boolean> {
    try {
      return !(await this.#options.ingest.accept(event, 'unpublished')).mayBeLost;
    } catch (error) {
      if (error instanceof NotReplicated) return false;
      throw error;
    }
  }

  /**
   * Applies again what a failover has taken from the master, whether or not there is a replica by now: an agent who went off duty
   * must not be handed out. Nothing is written, and little is read, if it has taken nothing.
   */
  async #restore(signal: AbortSignal): Promise<void> {
    const { ingest, log } = this.#options;
    const agentIds = [...this.#events.keys()];
    for (let from = 0; from < agentIds.length && !signal.aborted; from += AT_ONCE) {
      const restore = async (agentId: string): Promise<void> => {
        for (const event of this.#events.get(agentId) ?? []) await ingest.restore(event);
      };
      const restored = await Promise.allSettled(agentIds.slice(from, from + AT_ONCE).map(restore));
      const failed = restored.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
      if (failed) log.debug('platform_report_not_restored', { err: failed.reason });
    }
  }

  async #offer(signal: AbortSignal): Promise<void> {
    const domains = Map.groupBy(this.#events.keys(), (agentId) => domainOfAgent(this.#options.config, agentId));
    await Promise.all([...domains.values()].map((agentIds) => this.#offerOf(agentIds, signal)));
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

  /** @returns whether to go on with the domain's other agents: the events were accepted, or dropped for good */
  async #offerAgent(agentId: string): Promise<boolean> {
    const { log } = this.#options;
    const events = this.#events.get(agentId) ?? [];
    try {
      for (const event of events) if (!(await this.#isSafe(event))) return false;
    } catch (error) {
      if (isOutage(error)) return false;
      log.warn('platform_report_dropped', { err: error, agent: agentId });
    }
    // Events that were added meanwhile stay for the next round.
    const left = (this.#events.get(agentId) ?? []).filter((event) => !events.includes(event));
    if (left.length > 0) this.#events.set(agentId, left);
    else this.#events.delete(agentId);
    return true;
  }
}
