import { setTimeout as pause } from 'node:timers/promises';
import { type Conflict, conflictOf } from '../../agent/claim.ts';
import type { AgentEvent } from '../../agent/event.ts';
import { type Claim, claimsOf, type Facets, type LastSecond } from '../../agent/facets.ts';
import { isWholeSecond, numbered, type Outcome, takeIn } from '../../agent/merge.ts';
import { claimOn, VOICE } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { History } from '../../ops/history.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Agents, Applied } from '../../store/agents.ts';
import { type AgentRecord, lockOf } from '../../store/record/record.ts';
import { ShardUnavailable } from '../../store/redis/errors.ts';
import { isTellable, mayBeLost, tellable, type Written } from '../../store/written.ts';
import type { Positions } from '../freshness/positions.ts';

interface ApplyOptions {
  agents: Agents;
  positions: Positions;
  config: Config;
  clock: Clock;
  metrics: Metrics;
  history: History;
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
    history.eventHandled(event, { outcome: applied.outcome, via, startedMs, mayBeLost: mayBeLost(written) });
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
    const granters = [home, ...claimsOf(facets).map(({ by }) => by)];
    if (granters.includes(config.region)) await atGranter(event, applied.record);
  }

  #compare({ agentId }: AgentEvent, claim: Claim, { before }: Applied): void {
    const { store, onConflict } = this.#options;
    const ours = before && claimOn(before.facets, claim.unit ?? VOICE);
    const leftMs = (before ? lockOf(before, claim.unit) : 0) - store.nowMs();
    const conflict = conflictOf(ours, leftMs, claim);
    if (conflict) onConflict(agentId, conflict);
  }
}
