import { setTimeout as pause } from 'node:timers/promises';
import { type Conflict, conflictOf } from '../../agent/claim.ts';
import { clampFuture, InvalidEvent, unfit } from '../../agent/event.ts';
import { type Claim, claimsOf, type Facets, type LastSecond } from '../../agent/facets.ts';
import { forgetting, isBeyondBound, isWholeSecond, merge, numbered, type Outcome, takeIn } from '../../agent/merge.ts';
import { claimOn, lockOf, statusOf, VOICE } from '../../agent/status.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { BusMessage } from '../../bus/bus.ts';
import { type ClaimConflict, partitionOf, sealConflict, sealEvent, writeFields } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { History } from '../../ops/history.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { traceHeaders } from '../../ops/trace.ts';
import type { AgentRecord, Applied } from '../../store/agent-record.ts';
import type { Agents, Place, Store } from '../../store/store.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { isTellable, mayBeLost, NotReplicated, type Replication, tellable, type Written } from '../../store/written.ts';
import type { Positions } from '../freshness/positions.ts';

interface IngestOptions {
  region: string;
  /** Whether an event is accepted that no replica has acknowledged. */
  replication: Replication;
  apply: Apply;
  log: Log;
  metrics: Metrics;
  /** Absent where no history is kept. */
  history: History | undefined;
  /** Its clock is the same for all instances of the region, and claims end by it. */
  store: Pick<Store, 'agents' | 'nowMs' | 'outbox'>;
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
    return this.#options.store.outbox.partitions;
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
    const { apply, store, metrics, history, replication } = this.#options;
    const wrong = unfit(reported);
    if (wrong.length > 0) throw new InvalidEvent(wrong);
    const event = this.#clamped(reported);
    const record = await apply.recall(event.agentId);
    const { facets } = merge(record?.facets ?? {}, event.facets);
    if (isBeyondBound(record?.facets ?? {}, facets)) throw new TooManyInteractions(event.agentId);
    store.agents.demandStorable(event.agentId, facets);
    const written = await this.#append(event, facets);
    if (isTellable(written, replication)) history?.eventAccepted(event);
    const outcome = await this.#applyHere(event);
    const { value: place, replicated } = tellable(written, replication);
    metrics.events.inc({ outcome: 'accepted' });
    return { event, place, replicated, outcome };
  }

  /** Tells everybody on the bus that two claims on an agent met. @throws OutboxFull, ShardUnavailable */
  async announceConflict(conflict: ClaimConflict): Promise<void> {
    const { store, region } = this.#options;
    // For whoever listens beside Muster: no promise rests on it.
    (await this.#put(sealConflict(conflict, region, store.nowMs()))).evenIfLost();
  }

  /**
   * Tells all regions, this one included, without applying it here first, of what may be lost: whoever must know asks.
   * @param facets the agent's with the event, for the message's summary
   * @throws OutboxFull, ShardUnavailable
   */
  async publish(event: AgentEvent, facets: Facets): Promise<void> {
    const { history, replication } = this.#options;
    const written = await this.#append(event, facets);
    // What no replica has is published all the same, unless a failover takes it first.
    if (isTellable(written, replication)) history?.eventAccepted(event);
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
    const nowMs = this.#options.store.nowMs();
    return this.#put(sealEvent(event, statusOf(facets, nowMs), nowMs, traceHeaders()));
  }

  #put(message: BusMessage): Promise<Written<Place>> {
    const { outbox } = this.#options.store;
    return outbox.append(partitionOf(message.key, outbox.partitions), writeFields(message));
  }
}

interface ApplyOptions {
  agents: Agents;
  positions: Positions;
  config: Config;
  clock: Clock;
  metrics: Metrics;
  history: History | undefined;
  /** Called where the claim on the agent was granted, after each event, so that the claim can follow. */
  atGranter(event: AgentEvent, record: AgentRecord): Promise<void>;
  /** Called at the agent's home when a claim granted in its stead meets one that it knew nothing of. */
  onConflict(agentId: string, conflict: Conflict): void;
  /** Called with the claims that the bus told of, after each event: a call may have another one here. */
  heardOfClaims(agentId: string, home: string, claims: Claim[]): void;
  /** Called at the agent's home with what is known after each event that told of interactions. */
  atHome(agentId: string, facets: Facets): void;
  /** The store's clock, in ms. */
  store: { nowMs(): number };
}

/** More rounds than this mean that something is wrong with the store. */
const MAX_ROUNDS = 16;
/** Writers who keep getting in each other's way step aside for a random while, up to this, in ms. */
const MAX_PAUSE_MS = 32;

/** Brings an event into the region's store, whichever way it came. At least once, harmless twice. */
export class Apply {
  readonly #options: ApplyOptions;

  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#options.agents.recall(agentId);
  }

  /**
   * Gives events of whole seconds their numbers, in this order, if the agents' home is here. Where the store is away they have
   * none.
   */
  async number(events: AgentEvent[]): Promise<AgentEvent[]> {
    const { agents, config } = this.#options;
    const isOurs = (event: AgentEvent) => isWholeSecond(event) && homeOfAgent(config, event.agentId) === config.region;
    const byAgent = Map.groupBy(events.filter(isOurs), ({ agentId }) => agentId);
    const seconds = new Map<string, LastSecond | undefined>();
    const take = async ([agentId, ofAgent]: [string, AgentEvent[]]): Promise<void> => {
      const take = (known: Facets): Facets => {
        const lastSecond = takeIn(known, ofAgent);
        return lastSecond ? { lastSecond } : {};
      };
      try {
        // A number that a failover takes is given to nobody else: the facets that have it keep it.
        const { record } = (await agents.apply(agentId, take)).evenIfLost();
        seconds.set(agentId, record.facets.lastSecond);
      } catch (error) {
        // The outbox may still take them: without a number, the less available of them counts.
        if (!(error instanceof ShardUnavailable)) throw error;
      }
    };
    await Promise.all([...byAgent].map(take));
    return events.map((event) => numbered(event, seconds.get(event.agentId)));
  }

  /**
   * Applies what this region has just accepted. What no replica has here yet counts as `deferred` where that is refused: the
   * outbox has it, and the bus brings it again until a replica has it. @throws ShardUnavailable
   */
  async local(event: AgentEvent): Promise<Outcome | 'deferred'> {
    const { replication } = this.#options.config.claims;
    const written = await this.#apply(event, 'local');
    // What was there before is the bus's matter: it brings that, too.
    const { outcome } = written.evenIfLost();
    return outcome === 'applied' && !isTellable(written, replication) ? 'deferred' : outcome;
  }

  /** Applies what the bus delivered. @throws ShardUnavailable */
  fromBus(event: AgentEvent): Promise<Written<Applied>> {
    return this.#apply(event, 'bus');
  }

  /**
   * Makes sure that a replica has what these events of one agent say, where the store held it already or nobody acknowledged
   * it. @throws ShardUnavailable; NotReplicated where none has
   */
  async ensureReplicated(agentId: string, events: AgentEvent[]): Promise<void> {
    const { agents } = this.#options;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (round > 1) await pause(Math.random() * MAX_PAUSE_MS);
      let known: AgentRecord | undefined;
      // Whatever of it is not there, any more, is written now; the record that was read last has all of it.
      for (const event of events) {
        known = (await agents.apply(agentId, event.facets)).evenIfLost().record;
      }
      if (!known) return;
      const affirmed = await agents.affirm(agentId, known);
      if (affirmed.kind === 'settled') return void tellable(affirmed.written, 'refuse');
    }
    throw new ShardUnavailable(`agent ${agentId} changes faster than a replica can be asked`);
  }

  async #apply(event: AgentEvent, via: 'local' | 'bus'): Promise<Written<Applied>> {
    const { agents, clock, history } = this.#options;
    const startedMs = clock.monotonicMs();
    const written = await agents.apply(event.agentId, event.facets);
    // What follows from the agent's new state is decided on the master; whoever tells of it asks for its replica again.
    const applied = written.evenIfLost();
    history?.eventHandled(event, { outcome: applied.outcome, via, startedMs, mayBeLost: mayBeLost(written) });
    if (via === 'bus') this.#options.heardOfClaims(event.agentId, applied.record.home, claimsOf(event.facets));
    await this.#follow(event, applied);
    return written;
  }

  async #follow(event: AgentEvent, applied: Applied): Promise<void> {
    const { positions, config, metrics, atGranter, atHome } = this.#options;
    positions.changed(event.agentId);
    metrics.events.inc({ outcome: applied.outcome });
    const { home, facets } = applied.record;
    if (home === config.region) for (const claim of claimsOf(event.facets)) this.#compare(event, claim, applied);
    if (home === config.region && event.facets.interactions) atHome(event.agentId, facets);
    const isGranter = claimsOf(facets).some(({ by = home }) => by === config.region);
    if (isGranter) await atGranter(event, applied.record);
  }

  #compare({ agentId }: AgentEvent, claim: Claim, { before }: Applied): void {
    const { store, onConflict } = this.#options;
    const ours = before && claimOn(before.facets, claim.unit ?? VOICE);
    const leftMs = (before ? lockOf(before, claim.unit) : 0) - store.nowMs();
    const conflict = conflictOf(ours, leftMs, claim);
    if (conflict) onConflict(agentId, conflict);
  }
}
