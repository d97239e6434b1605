import { InvalidEvent } from '../../agent/event.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Bus, Delivery } from '../../bus/bus.ts';
import {
  AGENT_CHANGED,
  type Envelope,
  HEARTBEAT,
  type Heartbeat,
  type Origin,
  openMessage,
  originOf,
} from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { whyNotTaken } from '../../config/topology.ts';
import type { History } from '../../ops/history.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Store } from '../../store/store.ts';
import { isDurableEnough, type Replication } from '../../store/written.ts';
import type { Freshness } from '../freshness/freshness.ts';
import type { Positions } from '../freshness/positions.ts';
import type { Apply } from './ingest.ts';
import { isOutage } from './outage.ts';
import type { SetAside } from './set-aside.ts';

interface ApplierOptions {
  bus: Bus;
  apply: Apply;
  freshness: Freshness;
  positions: Positions;
  config: Config;
  region: string;
  /** `refuse`: a batch counts as applied only once a replica has it, because the bus does not deliver it again after a failover. */
  replication: Replication;
  /** Propagation is measured from the source region's clock to the store's. */
  store: Pick<Store, 'nowMs' | 'outbox'>;
  setAside: Pick<SetAside, 'letter' | 'tell'>;
  metrics: Metrics;
  /** Undefined if no history is written. */
  history: History | undefined;
}

/** An agent event, and the message that carried it. */
interface Change {
  event: AgentEvent;
  acceptedMs?: number;
  delivery: Delivery;
}

/**
 * Reads the messages of all regions, including this one, and applies them. A batch is done when each of its events is applied
 * or is a dead letter. Only then are its heartbeats and positions recorded, so they never promise more than is applied. While
 * the store or the bus is unavailable, the batch and its partition wait. A failover may lose positions and heartbeats; the
 * region then promises less, until the next ones arrive.
 */
export class Applier {
  readonly #options: ApplierOptions;
  /** By partition: positions of dead letters in the current batch, so that a retry does not write them again. */
  readonly #letters = new Map<number, Set<string>>();

  constructor(options: ApplierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.bus.consume((partition, batch) => this.#applyBatch(partition, batch));
  }

  async #applyBatch(partition: number, batch: Delivery[]): Promise<void> {
    const changes: Change[] = [];
    const heartbeats = new Map<string, Heartbeat>();
    const origins: Origin[] = [];
    for (const delivery of batch) {
      const origin = originOf(delivery);
      if (origin && (await this.#isHere(origin, delivery))) continue;
      const envelope = await this.#open(partition, delivery);
      if (!envelope) continue;
      if (origin) origins.push(origin);
      if (envelope.type === HEARTBEAT)
        keepLatest(heartbeats, { ...envelope.heartbeat, ...(origin && { storeId: origin.storeId }) });
      else if (envelope.type === AGENT_CHANGED) changes.push({ ...envelope, delivery });
    }
    const byAgent = Map.groupBy(changes, ({ event }) => event.agentId);
    await Promise.all([...byAgent.values()].map((ofAgent) => this.#applyInOrder(partition, ofAgent)));
    for (const origin of origins) this.#options.positions.reached(origin, partition);
    await Promise.all([...heartbeats.values()].map((heartbeat) => this.#advance(heartbeat, partition)));
    this.#letters.delete(partition);
  }

  /**
   * Whether this region has published the message, and its store holds what the message says: then it need not even be opened. The
   * store may have lost it in a failover, or be another one by now.
   * @throws ShardUnavailable
   */
  async #isHere({ region, domain, storeId, position }: Origin, { headers }: Delivery): Promise<boolean> {
    if (region !== this.#options.region) return false;
    return headers.ce_type === HEARTBEAT || this.#options.store.outbox.has(domain, storeId, position);
  }

  async #advance(heartbeat: Heartbeat, partition: number): Promise<void> {
    try {
      await this.#options.freshness.advance(heartbeat, partition);
    } catch (error) {
      if (isOutage(error)) throw error;
      this.#options.setAside.tell(heartbeat.region, error, 'bus', `a heartbeat on partition ${partition}`);
    }
  }

  /** Applies the events of one agent in order. Under replication `refuse`, then waits for a replica. */
  async #applyInOrder(partition: number, changes: Change[]): Promise<void> {
    const { apply, replication } = this.#options;
    const unsure: Change[] = [];
    for (const change of changes) {
      await this.#orAside(partition, change, async () => {
        const written = await apply.fromBus(change.event);
        if (!isDurableEnough(written, replication)) unsure.push(change);
        // Events that no replica acknowledged are checked again below.
        if (written.evenIfLost().outcome === 'applied') this.#measure(change);
      });
    }
    await this.#ensureReplicated(partition, unsure);
  }

  /** Checks all events of an agent together; one by one if a check fails for another reason than an outage. */
  async #ensureReplicated(partition: number, [first, ...more]: Change[]): Promise<void> {
    if (!first) return;
    const { apply } = this.#options;
    const { agentId } = first.event;
    const ensure = async (changes: Change[]): Promise<void> => {
      const events = changes.map(({ event }) => event);
      await apply.ensureReplicated(agentId, events);
    };
    try {
      await ensure([first, ...more]);
    } catch (error) {
      if (isOutage(error)) throw error;
      for (const change of [first, ...more]) await this.#orAside(partition, change, () => ensure([change]));
    }
  }

  #measure({ event, acceptedMs }: Change): void {
    const { region, store, metrics } = this.#options;
    if (acceptedMs === undefined || event.region === region) return;
    metrics.propagation.observe({ from_region: event.region }, Math.max(0, store.nowMs() - acceptedMs) / 1000);
  }

  /** Reads a message. One that cannot be read becomes a dead letter, and the result is undefined. */
  async #open(partition: number, delivery: Delivery): Promise<Envelope | undefined> {
    try {
      const { config, store } = this.#options;
      const envelope = openMessage(delivery, store.nowMs());
      if (envelope.type === AGENT_CHANGED) mustBeAccepted(config, envelope.event);
      return envelope;
    } catch (error) {
      await this.#aside(partition, delivery, error);
      return undefined;
    }
  }

  /** Runs the work; an error other than an outage makes the message a dead letter, and never stops the partition. */
  async #orAside(partition: number, { delivery, event }: Change, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isOutage(error)) throw error;
      await this.#aside(partition, delivery, error, event);
    }
  }

  async #aside(partition: number, delivery: Delivery, error: unknown, event?: AgentEvent): Promise<void> {
    const { setAside, metrics, history } = this.#options;
    const { position, ...message } = delivery;
    const letters = this.#letters.get(partition) ?? new Set();
    if (letters.has(position)) return;
    await setAside.letter(message, error, 'bus', `bus partition ${partition}, ${position}`);
    this.#letters.set(partition, letters.add(position));
    metrics.events.inc({ outcome: 'dead_letter' });
    history?.eventDeadLettered({
      event: event?.eventId ?? delivery.headers.ce_id ?? position,
      ...(event && { agent: event.agentId }),
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

/** @throws InvalidEvent if the configuration does not accept events of this agent */
function mustBeAccepted(config: Config, { agentId }: AgentEvent): void {
  const message = whyNotTaken(config, agentId);
  if (message !== undefined) throw new InvalidEvent([{ field: '/agent_id', message }]);
}

/** After a repeated publish, an old heartbeat may follow a newer one. */
function keepLatest(heartbeats: Map<string, Heartbeat>, heartbeat: Heartbeat): void {
  const of = `${heartbeat.region} ${heartbeat.domain}`;
  const known = heartbeats.get(of);
  if (!known || known.beat < heartbeat.beat) heartbeats.set(of, heartbeat);
}
