import { type Conflict, conflictOf } from '../agent/claim.ts';
import type { AgentEvent } from '../agent/event.ts';
import { type Claim, claimsOf } from '../agent/facets.ts';
import { claimOn, VOICE } from '../agent/units.ts';
import type { Agents, Applied } from '../cache/agents.ts';
import { type AgentRecord, lockOf } from '../cache/record.ts';
import type { Config } from '../config/schema.ts';
import { homeOfAgent } from '../config/topology.ts';
import type { Clock } from '../ops/clock.ts';
import type { History } from '../ops/history.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Positions } from './positions.ts';

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
  /** The store's clock, in ms. */
  store: { nowMs(): number };
}

/** Brings an event into the region's store, whichever way it came. At least once, harmless twice. */
export class Apply {
  readonly #options: ApplyOptions;

  constructor(options: ApplyOptions) {
    this.#options = options;
  }

  recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#options.agents.recall(agentId);
  }

  /** Applies what this region has just accepted. @throws ShardUnavailable */
  local(event: AgentEvent): Promise<Applied> {
    return this.#apply(event, 'local');
  }

  /** Applies what the bus delivered. @throws ShardUnavailable */
  fromBus(event: AgentEvent): Promise<Applied> {
    return this.#apply(event, 'bus');
  }

  async #apply(event: AgentEvent, via: 'local' | 'bus'): Promise<Applied> {
    const { agents, positions, config, clock, metrics, history, atGranter } = this.#options;
    const startedMs = clock.monotonicMs();
    const applied = await agents.apply(event.agentId, this.#withOrigin(event));
    positions.changed(event.agentId);
    metrics.events.inc({ outcome: applied.outcome });
    history.eventHandled(event, { outcome: applied.outcome, via, startedMs });
    const { home, facets } = applied.record;
    if (home === config.region) for (const claim of claimsOf(event.facets)) this.#compare(event, claim, applied);
    const granters = [home, ...claimsOf(facets).map(({ by }) => by)];
    if (granters.includes(config.region)) await atGranter(event, applied.record);
    return applied;
  }

  #compare({ agentId }: AgentEvent, claim: Claim, { before }: Applied): void {
    const { store, onConflict } = this.#options;
    const ours = before && claimOn(before.facets, claim.unit ?? VOICE);
    const leftMs = (before ? lockOf(before, claim.unit) : 0) - store.nowMs();
    const conflict = conflictOf(ours, leftMs, claim);
    if (conflict) onConflict(agentId, conflict);
  }

  /** An agent of no known connection is at home where it was first spoken of; a claim is not such a word. */
  #withOrigin({ agentId, eventId, timestampMs, region, facets }: AgentEvent): AgentEvent['facets'] {
    if (claimsOf(facets).length > 0 || homeOfAgent(this.#options.config, agentId) !== undefined) return facets;
    return { ...facets, origin: { region, at: timestampMs, id: eventId } };
  }
}
