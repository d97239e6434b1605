import { setTimeout as pause } from 'node:timers/promises';
import { type Conflict, conflictOf } from '../../agent/claim.ts';
import { clampFuture, InvalidEvent, unfit, withEndsOfIdle } from '../../agent/event.ts';
import type { Exchange } from '../../agent/exchange.ts';
import { type Claim, claimsOf, type Facets, type LastSecond } from '../../agent/facets.ts';
import {
  assignNumbers,
  isBeyondBound,
  isWholeSecond,
  merge,
  type Outcome,
  raisedFloor,
  withNumber,
} from '../../agent/merge.ts';
import { claimOn, lockOf, statusOf, VOICE } from '../../agent/status.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Bus } from '../../bus/bus.ts';
import { type ClaimConflict, partitionOf, sealConflict, sealEvent, writeMessage } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent, type Part, partOf } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { History } from '../../ops/history.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { traceHeaders } from '../../ops/trace.ts';
import type { AgentRecord, Applied } from '../../store/agent-record.ts';
import type { Agents, Place, Store } from '../../store/store.ts';
import { OutboxFull, ShardUnavailable } from '../../store/store.ts';
import {
  checkDurability,
  isDurableEnough,
  mayBeLost,
  NotReplicated,
  type Replication,
  type Written,
} from '../../store/written.ts';
import type { Positions } from '../freshness/positions.ts';

/** Makes the message of an event from the agent's facets as stored. */
type MessageOf = (facets: Facets) => string;

interface IngestOptions {
  region: string;
  /** Whether an event is accepted before a replica has acknowledged it. */
  replication: Replication;
  apply: Apply;
  log: Log;
  metrics: Metrics;
  /** Undefined if no history is written. */
  history: History | undefined;
  /** The store; its clock is shared by all instances of the region and decides when claims end. */
  store: Pick<Store, 'agents' | 'changes' | 'nowMs' | 'outbox'>;
  bus: Pick<Bus, 'publish'>;
  /** The format of messages. */
  exchange: Pick<Exchange, 'sends'>;
  partitions: number;
}

export interface Accepted {
  /** The event as published; its timestamps may have been clamped. */
  event: AgentEvent;
  /** Where it is in the change streams, or behind it. */
  place: Place & { part: Part };
  /** Whether a replica has acknowledged it. */
  replicated: boolean;
  /** Whether a failover may lose it although a replica is configured. */
  mayBeLost: boolean;
  outcome: Outcome;
}

/** The agent's record already holds the maximum of interactions. Their ends were probably not reported. */
export class TooManyInteractions extends Error {
  override name = 'TooManyInteractions';
  constructor(agentId: string) {
    super(`agent "${agentId}" has more interactions than a record holds: report the ends of those that are over`);
  }
}

/**
 * Accepts all changes to agents. One write stores an event in the record and in the change stream, from which the relay publishes
 * it; it is accepted once a replica has that write.
 */
export class Ingest {
  readonly #options: IngestOptions;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /**
   * Checks that the records of these agents have room for the interactions in the events, before any event is accepted.
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

  /** Prepares events for `accept`, see {@link Apply.number}. */
  number(events: AgentEvent[]): Promise<AgentEvent[]> {
    // Clamp first: with a future second, all later events would count as older and get no number.
    return this.#options.apply.number(events.map((event) => this.#clamped(event)));
  }

  /** Removes old interactions of an agent homed here from all regions, if there are many. Never throws. */
  async forgetOld(agentId: string, known: Facets): Promise<void> {
    const { region, store, log } = this.#options;
    const forgotten = raisedFloor(known, store.nowMs());
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
   * Accepts an event. It is applied even if no replica has acknowledged it: an agent who went off duty must not be handed out. Under
   * replication `refuse` it is then not accepted, and the sender may send it again.
   * @param ifFull what happens while too much waits for the bus. `unpublished`: the event is stored, and other regions do not learn
   *   of it, because its sender does not send it again
   * @throws OutboxFull, ShardUnavailable, NotReplicated: not accepted, retry later; InvalidEvent, TooManyInteractions or any
   *   other error: it can never be accepted
   */
  async accept(reported: AgentEvent, ifFull: 'refuse' | 'unpublished' = 'refuse'): Promise<Accepted> {
    const { apply, metrics, history, replication } = this.#options;
    const wrong = unfit(reported);
    if (wrong.length > 0) throw new InvalidEvent(wrong);
    const isPublished = this.#hasRoom(reported.agentId, ifFull);
    const clamped = this.#clamped(reported);
    let event = clamped;
    const messageOf = isPublished ? this.#messageOf(() => event) : undefined;
    const written = await apply.own(clamped, messageOf, (held) => {
      event = withEndsOfIdle(clamped, held);
      if (isBeyondBound(held, merge(held, event.facets).facets)) throw new TooManyInteractions(event.agentId);
      return event;
    });
    const { outcome, position } = written.evenIfLost(); // Durability is checked below.
    if (position === undefined) return this.#withoutEffect(event, outcome, messageOf);
    if (isPublished && isDurableEnough(written, replication)) history?.eventAccepted(event);
    const { replicated } = checkDurability(written, replication);
    metrics.events.inc({ outcome: 'accepted' });
    const place = { ...apply.partOf(event.agentId), position };
    return { event, place, replicated, mayBeLost: mayBeLost(written), outcome };
  }

  /**
   * Answers for an event that changed nothing, e.g. because it was sent before: what it says was written before the latest change.
   * @throws ShardUnavailable; NotReplicated under replication `refuse`
   */
  async #withoutEffect(event: AgentEvent, outcome: Outcome, messageOf: MessageOf | undefined): Promise<Accepted> {
    const { apply, store, metrics } = this.#options;
    const durability = await this.#durabilityOf(event, messageOf);
    const part = apply.partOf(event.agentId);
    const position = await store.changes.latest(part.domain);
    metrics.events.inc({ outcome: 'accepted' });
    return { event, place: { ...part, position }, ...durability, outcome };
  }

  /**
   * Applies an event of this region again if a failover has taken it, whether or not a replica has it then.
   * @throws ShardUnavailable
   */
  async restore(event: AgentEvent): Promise<void> {
    const { apply, store } = this.#options;
    await store.agents.get(event.agentId); // What this instance remembers may be from before the failover.
    (
      await apply.own(
        event,
        this.#messageOf(() => event),
      )
    ).evenIfLost(); // It is restored again then.
  }

  /** Publishes a claim conflict on the bus. Only other applications read it, so it may be lost. @throws BusUnavailable */
  async announceConflict(conflict: ClaimConflict): Promise<void> {
    const { bus, exchange, store, region, partitions } = this.#options;
    const message = sealConflict(conflict, region, store.nowMs(), exchange.sends);
    await bus.publish(partitionOf(message.key, partitions), [message]);
  }

  /** @throws OutboxFull */
  #hasRoom(agentId: string, ifFull: 'refuse' | 'unpublished'): boolean {
    const { store, apply, metrics } = this.#options;
    const { counted, limit } = store.outbox;
    const domain = apply.domainOf(agentId);
    if ((counted.get(domain)?.count ?? 0) < limit) return true;
    if (ifFull === 'refuse') throw new OutboxFull(`${limit} changes of domain ${domain} wait for the bus`);
    metrics.unpublished.inc();
    return false;
  }

  #messageOf(eventOf: () => AgentEvent): MessageOf {
    const nowMs = this.#options.store.nowMs();
    const trace = traceHeaders();
    const { sends } = this.#options.exchange;
    return (facets) => writeMessage(sealEvent(eventOf(), statusOf(facets, nowMs), nowMs, sends, trace));
  }

  async #durabilityOf(
    event: AgentEvent,
    messageOf: MessageOf | undefined,
  ): Promise<Pick<Accepted, 'replicated' | 'mayBeLost'>> {
    const { apply, replication } = this.#options;
    try {
      const replicated = await apply.ensureReplicated(event.agentId, [event], messageOf);
      return { replicated, mayBeLost: false };
    } catch (error) {
      if (replication === 'refuse' || !(error instanceof NotReplicated)) throw error;
      return { replicated: false, mayBeLost: true };
    }
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
}

interface ApplyOptions {
  agents: Agents;
  positions: Positions;
  config: Config;
  clock: Clock;
  metrics: Metrics;
  history: History | undefined;
  /** Called in the region that granted a claim on the agent, after each event, so that the claim follows the agent's state. */
  atGranter(event: AgentEvent, record: AgentRecord): Promise<void>;
  /** Called at the agent's home for a claim conflict: a delegated grant that overlaps a claim of the home. */
  onConflict(agentId: string, conflict: Conflict): void;
  /** Called with the claims in each event from the bus: the same call may have another claim here. */
  heardOfClaims(agentId: string, home: string, claims: Claim[]): void;
  /** Called at the agent's home after each event with interactions, with all facets of the agent. */
  atHome(agentId: string, facets: Facets): void;
  /** The store's clock, in ms. */
  store: { nowMs(): number };
}

/** What only the accepting region does with an event. */
interface Own {
  messageOf: MessageOf | undefined;
  completed(known: Facets): AgentEvent;
}

/** Limit of optimistic retries. More of them mean that something is wrong with the store. */
const MAX_ROUNDS = 16;
/** Limit of the random pause between retries of conflicting writers, in ms. */
const MAX_PAUSE_MS = 32;

/** Applies events to the region's store, from requests and from the bus. Applying an event twice has no effect. */
export class Apply {
  readonly #options: ApplyOptions;

  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#options.agents.recall(agentId);
  }

  /**
   * Numbers events with timestamps in whole seconds, in this order, if this region is the agents' home. Without a number, the
   * less available of two values of one second wins; so it is if the store is unavailable.
   */
  async number(events: AgentEvent[]): Promise<AgentEvent[]> {
    const { agents, config } = this.#options;
    const isOurs = (event: AgentEvent) => isWholeSecond(event) && homeOfAgent(config, event.agentId) === config.region;
    const byAgent = Map.groupBy(events.filter(isOurs), ({ agentId }) => agentId);
    const seconds = new Map<string, LastSecond | undefined>();
    const take = async ([agentId, ofAgent]: [string, AgentEvent[]]): Promise<void> => {
      const take = (known: Facets): Facets => {
        const lastSecond = assignNumbers(known, ofAgent);
        return lastSecond ? { lastSecond } : {};
      };
      try {
        // A failover may lose the counter. Numbers stay unique all the same: the facets that carry a number keep it.
        const { record } = (await agents.apply(agentId, take)).evenIfLost();
        seconds.set(agentId, record.facets.lastSecond);
      } catch (error) {
        // By the time that the events are accepted, the shard may answer again; then they have no numbers.
        if (!(error instanceof ShardUnavailable)) throw error;
      }
    };
    await Promise.all([...byAgent].map(take));
    return events.map((event) => withNumber(event, seconds.get(event.agentId)));
  }

  /**
   * Applies an event that this region accepts.
   * @param messageOf the message that is published with it, from the facets as stored; undefined: none
   * @param completed what is stored instead, from the facets before it; called again after each conflict with another writer
   * @throws ShardUnavailable; what `completed` throws
   */
  own(
    event: AgentEvent,
    messageOf: MessageOf | undefined,
    completed = (_: Facets) => event,
  ): Promise<Written<Applied>> {
    return this.#apply(event, 'local', { messageOf, completed });
  }

  domainOf(agentId: string): string {
    return domainOfAgent(this.#options.config, agentId);
  }

  /** The part of the region's data that an agent belongs to, and its domain. */
  partOf(agentId: string): { domain: string; part: Part } {
    const domain = this.domainOf(agentId);
    return { domain, part: partOf(domain, partitionOf(agentId, this.#options.config.bus.partitions)) };
  }

  /** Applies an event from the bus. @throws ShardUnavailable */
  fromBus(event: AgentEvent): Promise<Written<Applied>> {
    return this.#apply(event, 'bus');
  }

  /**
   * Ensures that a replica has these events of one agent. Applies again whatever a failover lost.
   * @param messageOf the message that was published with them, if this region did, and may be lost, too
   * @returns whether a replica has them; false if none is configured
   * @throws ShardUnavailable; NotReplicated if no replica has them
   */
  async ensureReplicated(agentId: string, events: AgentEvent[], messageOf?: MessageOf): Promise<boolean> {
    const { agents } = this.#options;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      if (round > 1) await pause(Math.random() * MAX_PAUSE_MS);
      let known: AgentRecord | undefined;
      // Events that were lost are written again; the last record read holds all of them.
      for (const event of events) {
        known = (await agents.apply(agentId, event.facets, messageOf)).evenIfLost().record;
      }
      if (!known) return true;
      const affirmed = await agents.affirm(agentId, known);
      if (affirmed.kind === 'settled') return checkDurability(affirmed.written, 'refuse').replicated;
    }
    throw new ShardUnavailable(`agent ${agentId} changes too fast to check its replica`);
  }

  async #apply(accepted: AgentEvent, via: 'local' | 'bus', own?: Own): Promise<Written<Applied>> {
    const { agents, clock, history } = this.#options;
    const startedMs = clock.monotonicMs();
    let event = accepted;
    const change = (known: Facets): Facets => {
      event = own?.completed(known) ?? accepted;
      return event.facets;
    };
    const written = await agents.apply(accepted.agentId, change, own?.messageOf);
    // Effects of the new state are decided by the master's copy; whoever answers a caller checks the replica.
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
