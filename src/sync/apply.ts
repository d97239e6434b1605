import type { AgentEvent } from '../agent/event.ts';
import type { Agents, Applied } from '../cache/agents.ts';
import type { AgentRecord } from '../cache/record.ts';
import type { Config } from '../config/schema.ts';
import { homeOfAgent } from '../config/topology.ts';
import type { Clock } from '../ops/clock.ts';
import type { History } from '../ops/history.ts';
import type { Metrics } from '../ops/metrics.ts';

interface ApplyOptions {
  agents: Agents;
  config: Config;
  clock: Clock;
  metrics: Metrics;
  history: History;
  /** Called at the agent's home after each event, so that the claim on it can follow. */
  atHome(event: AgentEvent, record: AgentRecord): Promise<void>;
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
    const { agents, config, clock, metrics, history, atHome } = this.#options;
    const startedMs = clock.monotonicMs();
    const applied = await agents.apply(event.agentId, this.#withOrigin(event));
    metrics.events.inc({ outcome: applied.outcome });
    history.eventHandled(event, { outcome: applied.outcome, via, startedMs });
    if (applied.record.home === config.region) await atHome(event, applied.record);
    return applied;
  }

  /** An agent of no known connection is at home where it was first spoken of; a claim is not such a word. */
  #withOrigin({ agentId, eventId, timestampMs, region, facets }: AgentEvent): AgentEvent['facets'] {
    if (facets.claim || homeOfAgent(this.#options.config, agentId) !== undefined) return facets;
    return { ...facets, origin: { region, at: timestampMs, id: eventId } };
  }
}
