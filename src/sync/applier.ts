import { type AgentEvent, InvalidEvent } from '../agent/event.ts';
import type { Bus, Delivery } from '../bus/bus.ts';
import {
  AGENT_CHANGED,
  type Envelope,
  HEARTBEAT,
  type Heartbeat,
  openMessage,
  type Position,
  positionIn,
} from '../bus/envelope.ts';
import { isTellable, type Replication } from '../cache/written.ts';
import type { Config } from '../config/schema.ts';
import { whyNotTaken } from '../config/topology.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Apply } from './apply.ts';
import type { Freshness } from './freshness.ts';
import type { Positions } from './positions.ts';

interface ApplierOptions {
  bus: Bus;
  apply: Apply;
  freshness: Freshness;
  positions: Positions;
  config: Config;
  region: string;
  /** `refuse`: no batch counts as applied that no replica holds, so no failover takes what the bus does not bring again. */
  replication: Replication;
  /** The store's clock, in ms: by it propagation is measured, from the origin's to this region's. */
  store: { nowMs(): number };
  log: Log;
  metrics: Metrics;
  history: History;
}

/**
 * Reads what all regions published, this one too, and applies it. A batch is done when all its events are applied;
 * only then do its heartbeats and positions count, so none ever runs ahead of what it vouches for. Positions and heartbeats
 * that a failover takes promise less, and the next ones bring them again.
 */
export class Applier {
  readonly #options: ApplierOptions;

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.bus.consume((partition, batch) => this.#applyBatch(partition, batch));
  }

  async #applyBatch(partition: number, batch: Delivery[]): Promise<void> {
    const changes: { event: AgentEvent; acceptedMs?: number }[] = [];
    const heartbeats = new Map<string, Heartbeat>();
    const positions: Position[] = [];
    for (const delivery of batch) {
      const envelope = await this.#open(delivery);
      if (!envelope) continue;
      const position = positionIn(delivery);
      if (position) positions.push(position);
      if (envelope.type === HEARTBEAT) keepLatest(heartbeats, envelope.heartbeat);
      else if (envelope.type === AGENT_CHANGED) changes.push(envelope);
    }
    const byAgent = Map.groupBy(changes, ({ event }) => event.agentId);
    await Promise.all([...byAgent].map(([agentId, events]) => this.#applyInOrder(agentId, events)));
    for (const { region, entry } of positions) this.#options.positions.reached(region, partition, entry);
    await Promise.all(
      [...heartbeats.values()].map((heartbeat) => this.#options.freshness.advance(heartbeat, partition)),
    );
  }

  /** Where that is demanded, until a replica has acknowledged all of it. */
  async #applyInOrder(agentId: string, events: { event: AgentEvent; acceptedMs?: number }[]): Promise<void> {
    const { apply, replication } = this.#options;
    const unsure: AgentEvent[] = [];
    for (const { event, acceptedMs } of events) {
      const written = await apply.fromBus(event);
      if (!isTellable(written, replication)) unsure.push(event);
      // What may be lost is asked for once more, below.
      const { outcome } = written.evenIfLost();
      if (outcome !== 'applied' || acceptedMs === undefined || event.region === this.#options.region) continue;
      const tookMs = Math.max(0, this.#options.store.nowMs() - acceptedMs);
      this.#options.metrics.propagationMs.observe({ from: event.region }, tookMs);
    }
    if (unsure.length > 0) await apply.ensureReplicated(agentId, unsure);
  }

  /** Opens a message; what nobody can read is put aside with the reason, and never stops the partition. */
  async #open(delivery: Delivery): Promise<Envelope | undefined> {
    const { bus, config, store, log, metrics, history } = this.#options;
    try {
      const envelope = openMessage(delivery, store.nowMs());
      if (envelope.type === AGENT_CHANGED) mustBeTaken(config, envelope.event);
      return envelope;
    } catch (error) {
      if (!(error instanceof InvalidEvent)) throw error;
      const reason = error.message;
      log.warn({ position: delivery.position, key: delivery.key, reason }, 'a message of the bus is not an event');
      await bus.deadLetter(delivery, reason);
      metrics.events.inc({ outcome: 'dead_letter' });
      history.eventDeadLettered({ event: delivery.headers.ce_id ?? delivery.position, reason });
      return undefined;
    }
  }
}

/** @throws InvalidEvent where the config takes nothing of this agent */
function mustBeTaken(config: Config, { agentId }: AgentEvent): void {
  const message = whyNotTaken(config, agentId);
  if (message !== undefined) throw new InvalidEvent([{ field: '/agent_id', message }]);
}

/** A batch that was published twice may hold an old heartbeat behind a newer one. */
function keepLatest(heartbeats: Map<string, Heartbeat>, heartbeat: Heartbeat): void {
  const known = heartbeats.get(heartbeat.region);
  if (!known || known.beat < heartbeat.beat) heartbeats.set(heartbeat.region, heartbeat);
}
