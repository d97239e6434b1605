import { type AgentEvent, clampFuture } from '../agent/event.ts';
import { merge, type Outcome } from '../agent/merge.ts';
import { statusOf } from '../agent/status.ts';
import { type ClaimConflict, sealConflict, sealEvent } from '../bus/envelope.ts';
import { ShardUnavailable } from '../cache/errors.ts';
import type { AgentRecord } from '../cache/record.ts';
import { demandStorable } from '../cache/storable.ts';
import { isTellable, NotReplicated, type Replication, tellable, type Written } from '../cache/written.ts';
import type { Config } from '../config/schema.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import { traceHeaders } from '../ops/trace.ts';
import type { Apply } from './apply.ts';
import type { Outbox, Place } from './outbox.ts';

interface IngestOptions {
  config: Config;
  region: string;
  /** Whether an event is accepted that no replica has acknowledged. */
  replication: Replication;
  outbox: Outbox;
  apply: Apply;
  log: Log;
  metrics: Metrics;
  history: History;
  /** The store's clock, in ms: all instances of the region have the same, and claims end by it. */
  store: { nowMs(): number };
}

export interface Accepted {
  /** As it was published: its times may have been clamped. */
  event: AgentEvent;
  place: Place;
  /** Whether a replica has it; where none has, a failover may take it before the bus has it. */
  replicated: boolean;
  /** What it did to the local copy; `deferred` when the local store could not say yet, or no replica has it there yet. */
  outcome: Outcome | 'deferred';
}

/**
 * The way into Muster for everything that happens to an agent: into the outbox, then to the local store. Accepted is
 * what the outbox holds; the local store catches up from the bus if it cannot be reached now.
 */
export class Ingest {
  readonly #options: IngestOptions;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Of the bus, and of the outbox: an agent's events are all in one. */
  get partitions(): number {
    return this.#options.outbox.partitions;
  }

  /**
   * Accepts an event and applies it here. What no replica has acknowledged is applied, too, since it is known: an agent who
   * has left must not be handed out meanwhile. But it was not accepted where that is refused, and may come again.
   * @throws OutboxFull, ShardUnavailable, NotReplicated when it was not accepted; anything else: it never can be
   */
  async accept(reported: AgentEvent): Promise<Accepted> {
    const { apply, metrics, history, replication } = this.#options;
    const event = this.#clamped(reported);
    const known = await apply.recall(event.agentId);
    demandStorable(this.#options.config, event.agentId, merge(known?.facets ?? {}, event.facets).facets);
    const written = await this.#append(event, known);
    if (isTellable(written, replication)) history.eventAccepted(event);
    const outcome = await this.#applyHere(event);
    const { value: place, replicated } = tellable(written, replication);
    metrics.events.inc({ outcome: 'accepted' });
    return { event, place, replicated, outcome };
  }

  /** Tells everybody on the bus that two claims on an agent met. @throws OutboxFull, ShardUnavailable */
  async announceConflict(conflict: ClaimConflict): Promise<void> {
    const { outbox, store, region } = this.#options;
    // For whoever listens beside Muster: no promise rests on it.
    (await outbox.append(sealConflict(conflict, region, store.nowMs()))).evenIfLost();
  }

  /**
   * Tells all regions, this one included, without applying it here first, of what may be lost: whoever must know asks.
   * @param record the agent as known, from which the message's summary is made
   * @throws OutboxFull, ShardUnavailable
   */
  async publish(event: AgentEvent, record: AgentRecord | undefined): Promise<void> {
    const { history, replication } = this.#options;
    const written = await this.#append(event, record);
    // What no replica has is published all the same, unless a failover takes it first.
    if (isTellable(written, replication)) history.eventAccepted(event);
  }

  #clamped(reported: AgentEvent): AgentEvent {
    const { log, metrics, store } = this.#options;
    const { event, aheadMs } = clampFuture(reported, store.nowMs());
    if (aheadMs > 0) {
      metrics.clamped.inc();
      log.warn({ agent: event.agentId, event: event.eventId, aheadMs }, 'a timestamp lies in the future; taken as now');
    }
    return event;
  }

  async #applyHere(event: AgentEvent): Promise<Outcome | 'deferred'> {
    const { apply, log } = this.#options;
    try {
      return await apply.local(event);
    } catch (error) {
      // Of a shard that is away, or has no replica, a line has told already.
      const isTold = error instanceof ShardUnavailable || error instanceof NotReplicated;
      const level = isTold ? 'debug' : 'warn';
      log[level]({ err: error, event: event.eventId }, 'taken, but not applied here yet: the bus will bring it');
      return 'deferred';
    }
  }

  #append(event: AgentEvent, record: AgentRecord | undefined): Promise<Written<Place>> {
    const { outbox, store } = this.#options;
    const { facets } = merge(record?.facets ?? {}, event.facets);
    const nowMs = store.nowMs();
    return outbox.append(sealEvent(event, statusOf(facets, nowMs), nowMs, traceHeaders()));
  }
}
