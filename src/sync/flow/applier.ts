import { InvalidEvent } from '../../agent/event.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Bus, Delivery } from '../../bus/bus.ts';
import {
  AGENT_CHANGED,
  type Envelope,
  HEARTBEAT,
  type Heartbeat,
  openMessage,
  type Position,
  positionIn,
} from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { whyNotTaken } from '../../config/topology.ts';
import type { History } from '../../ops/history.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { isTellable, type Replication } from '../../store/written.ts';
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
  /** `refuse`: no batch counts as applied that no replica holds, so no failover takes what the bus does not bring again. */
  replication: Replication;
  /** The store's clock, in ms: by it propagation is measured, from the origin's to this region's. */
  store: { nowMs(): number };
  setAside: Pick<SetAside, 'letter' | 'tell'>;
  metrics: Metrics;
  /** Absent where no history is kept. */
  history: History | undefined;
}

/** A change to an agent, and the message that told of it. */
interface Change {
  event: AgentEvent;
  acceptedMs?: number;
  delivery: Delivery;
}

/**
 * Reads what all regions published, this one too, and applies it. A batch is done when each of its events is applied, or is a
 * dead letter because it can be neither read nor applied; only then do its heartbeats and positions count, so none ever runs
 * ahead of what it vouches for. While the store or the bus is away the batch waits, and its partition with it. Positions and
 * heartbeats that a failover takes promise less, and the next ones bring them again.
 */
export class Applier {
  readonly #options: ApplierOptions;
  /** By partition: positions of dead letters in the batch under way. While it is tried again they stay what they are. */
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
    const positions: Position[] = [];
    for (const delivery of batch) {
      const envelope = await this.#open(partition, delivery);
      if (!envelope) continue;
      const position = positionIn(delivery);
      if (position) positions.push(position);
      if (envelope.type === HEARTBEAT) keepLatest(heartbeats, envelope.heartbeat);
      else if (envelope.type === AGENT_CHANGED) changes.push({ ...envelope, delivery });
    }
    const byAgent = Map.groupBy(changes, ({ event }) => event.agentId);
    await Promise.all([...byAgent.values()].map((ofAgent) => this.#applyInOrder(partition, ofAgent)));
    for (const { region, entry } of positions) this.#options.positions.reached(region, partition, entry);
    await Promise.all([...heartbeats.values()].map((heartbeat) => this.#advance(heartbeat, partition)));
    this.#letters.delete(partition);
  }

  async #advance(heartbeat: Heartbeat, partition: number): Promise<void> {
    try {
      await this.#options.freshness.advance(heartbeat, partition);
    } catch (error) {
      if (isOutage(error)) throw error;
      this.#options.setAside.tell(heartbeat.region, error, 'bus', `a heartbeat on partition ${partition}`);
    }
  }

  /** Where that is demanded, until a replica has acknowledged all of it. */
  async #applyInOrder(partition: number, changes: Change[]): Promise<void> {
    const { apply, replication } = this.#options;
    const unsure: Change[] = [];
    for (const change of changes) {
      await this.#orAside(partition, change, async () => {
        const written = await apply.fromBus(change.event);
        if (!isTellable(written, replication)) unsure.push(change);
        // What may be lost is asked for once more, below.
        if (written.evenIfLost().outcome === 'applied') this.#measure(change);
      });
    }
    await this.#ensureReplicated(partition, unsure);
  }

  /** All events of one agent at once; one by one where something is wrong with one of them. */
  async #ensureReplicated(partition: number, [first, ...more]: Change[]): Promise<void> {
    if (!first) return;
    const { apply } = this.#options;
    const { agentId } = first.event;
    const ensure = (changes: Change[]) =>
      apply.ensureReplicated(
        agentId,
        changes.map(({ event }) => event),
      );
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

  /** Opens a message; undefined where nobody can. */
  async #open(partition: number, delivery: Delivery): Promise<Envelope | undefined> {
    try {
      const { config, store } = this.#options;
      const envelope = openMessage(delivery, store.nowMs());
      if (envelope.type === AGENT_CHANGED) mustBeTaken(config, envelope.event);
      return envelope;
    } catch (error) {
      await this.#aside(partition, delivery, error);
      return undefined;
    }
  }

  /** What cannot be done of it, whatever the store says, makes it a dead letter, and never stops the partition. */
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
