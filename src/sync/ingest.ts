import { type AgentEvent, clampFuture } from '../agent/event.ts';
import { merge, type Outcome } from '../agent/merge.ts';
import { statusOf } from '../agent/status.ts';
import { type ClaimConflict, sealConflict, sealEvent } from '../bus/envelope.ts';
import { ShardUnavailable } from '../cache/errors.ts';
import type { AgentRecord } from '../cache/record.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import { traceHeaders } from '../ops/trace.ts';
import type { Apply } from './apply.ts';
import type { Outbox, Place } from './outbox.ts';

interface IngestOptions {
  region: string;
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

  /** Accepts an event and applies it here. @throws OutboxFull, ShardUnavailable, NotReplicated when it was not accepted */
  async accept(reported: AgentEvent): Promise<Accepted> {
    const { apply, log, metrics, store } = this.#options;
    const { event, aheadMs } = clampFuture(reported, store.nowMs());
    if (aheadMs > 0) {
      metrics.clamped.inc();
      log.warn({ agent: event.agentId, event: event.eventId, aheadMs }, 'a timestamp lies in the future; taken as now');
    }
    const place = await this.publish(event, await apply.recall(event.agentId));
    metrics.events.inc({ outcome: 'accepted' });
    try {
      return { event, place, outcome: await apply.local(event) };
    } catch (error) {
      // Of a shard that is away, one line has told already.
      const level = error instanceof ShardUnavailable ? 'debug' : 'warn';
      log[level]({ err: error, event: event.eventId }, 'accepted, but not applied here yet: the bus will bring it');
      return { event, place, outcome: 'deferred' };
    }
  }

  /** Tells everybody on the bus that two claims on an agent met. @throws OutboxFull, ShardUnavailable */
  async announceConflict(conflict: ClaimConflict): Promise<void> {
    const { outbox, store, region } = this.#options;
    await outbox.append(sealConflict(conflict, region, store.nowMs()));
  }

  /**
   * Tells all regions, this one included, without applying it here first.
   * @param record the agent as known, from which the message's summary is made
   * @throws OutboxFull, ShardUnavailable
   */
  async publish(event: AgentEvent, record: AgentRecord | undefined): Promise<Place> {
    const { outbox, store, history } = this.#options;
    const { facets } = merge(record?.facets ?? {}, event.facets);
    const nowMs = store.nowMs();
    const place = await outbox.append(sealEvent(event, statusOf(facets, nowMs), nowMs, traceHeaders()));
    history.eventAccepted(event);
    return place;
  }
}
