import { type AgentEvent, clampFuture, InvalidEvent, unfit } from '../../agent/event.ts';
import type { Facets } from '../../agent/facets.ts';
import { forgetting, isBeyondBound, merge, type Outcome } from '../../agent/merge.ts';
import { statusOf } from '../../agent/status.ts';
import { type ClaimConflict, sealConflict, sealEvent } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import type { History } from '../../ops/history.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { traceHeaders } from '../../ops/trace.ts';
import type { AgentRecord } from '../../store/record/record.ts';
import { demandStorable } from '../../store/record/storable.ts';
import { ShardUnavailable } from '../../store/redis/errors.ts';
import { isTellable, NotReplicated, type Replication, tellable, type Written } from '../../store/written.ts';
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

/** An agent has as many interactions as a record holds: most must be over, and nobody has said so. */
export class TooManyInteractions extends Error {
  override name = 'TooManyInteractions';
  constructor(agentId: string) {
    super(`agent "${agentId}" has more interactions already than a record holds: say which of them have ended`);
  }
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
   * Sees that the records of these agents have room for what the events bring, before any of it is accepted.
   * @throws TooManyInteractions, ShardUnavailable
   */
  async mustHaveRoom(events: AgentEvent[]): Promise<void> {
    const byAgent = Map.groupBy(events, ({ agentId }) => agentId);
    const check = async ([agentId, ofAgent]: [string, AgentEvent[]]): Promise<void> => {
      if (ofAgent.every(({ facets }) => !facets.interactions)) return;
      const before = (await this.#options.apply.recall(agentId))?.facets ?? {};
      const after = ofAgent.reduce((now, { facets }) => merge(now, facets).facets, before);
      if (isBeyondBound(before, after)) throw new TooManyInteractions(agentId);
    };
    await Promise.all([...byAgent].map(check));
  }

  /** Events as they are to be accepted, see {@link Apply.number}. */
  number(events: AgentEvent[]): Promise<AgentEvent[]> {
    // A second of the future would be the last that is ever numbered.
    return this.#options.apply.number(events.map((event) => this.#clamped(event)));
  }

  /** Has every region forget old interactions of an agent who is at home here, where there are many. Never throws. */
  async forgetOld(agentId: string, known: Facets): Promise<void> {
    const { region, store, log } = this.#options;
    const forgotten = forgetting(known, store.nowMs());
    if (!forgotten) return;
    const { facets, floor } = forgotten;
    const event = {
      eventId: `${agentId}/forget/${floor}`,
      agentId,
      timestampMs: floor,
      region,
      source: 'forget',
      facets,
    };
    await this.accept(event).catch((error) => {
      log.debug('interactions_not_pruned', { err: error, agent: agentId });
    });
  }

  /**
   * Accepts an event and applies it here. What no replica has acknowledged is applied, too, since it is known: an agent who
   * has left must not be handed out meanwhile. But it was not accepted where that is refused, and may come again.
   * @throws OutboxFull, ShardUnavailable, NotReplicated when it was not accepted; InvalidEvent, TooManyInteractions or anything
   *   else: it never can be
   */
  async accept(reported: AgentEvent): Promise<Accepted> {
    const { apply, metrics, history, replication } = this.#options;
    const wrong = unfit(reported);
    if (wrong.length > 0) throw new InvalidEvent(wrong);
    const event = this.#clamped(reported);
    const record = await apply.recall(event.agentId);
    const { facets } = merge(record?.facets ?? {}, event.facets);
    if (isBeyondBound(record?.facets ?? {}, facets)) throw new TooManyInteractions(event.agentId);
    demandStorable(this.#options.config, event.agentId, facets);
    const written = await this.#append(event, facets);
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
    const written = await this.#append(event, merge(record?.facets ?? {}, event.facets).facets);
    // What no replica has is published all the same, unless a failover takes it first.
    if (isTellable(written, replication)) history.eventAccepted(event);
  }

  #clamped(reported: AgentEvent): AgentEvent {
    const { log, metrics, store } = this.#options;
    const { event, aheadMs } = clampFuture(reported, store.nowMs());
    if (aheadMs > 0) {
      metrics.clamped.inc();
      log.warn('timestamp_clamped', { agent: event.agentId, event_id: event.eventId, ahead_ms: aheadMs });
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
      log[level]('event_not_applied', { err: error, event_id: event.eventId });
      return 'deferred';
    }
  }

  /** @param facets the agent's with it, for the message's summary */
  #append(event: AgentEvent, facets: Facets): Promise<Written<Place>> {
    const { outbox, store } = this.#options;
    const nowMs = store.nowMs();
    return outbox.append(sealEvent(event, statusOf(facets, nowMs), nowMs, traceHeaders()));
  }
}
