import type { Clock } from '../kit/clock.ts';
import { NotFound } from '../kit/errors.ts';
import { Random } from '../kit/random.ts';
import type { Customs } from './customs.ts';
import { type Agent, type Interaction, isAcd, type RoutingStatus, type Utilization } from './model.ts';
import type { Org } from './org.ts';
import { builtInPresence, type PresenceDefinition } from './presences.ts';
import { SEVERAL } from './utilization.ts';

/** The part of an agent that has changed, by the name of its notification topic. */
export type AgentTopic = 'presence' | 'routingStatus' | 'activity' | 'conversationsummary' | 'conversations';

/** Called with every change; for a conversation, with the agent's part in it. */
type Changed = (agent: Agent, topic: AgentTopic, interaction?: Interaction) => void;

/** No user has this id. */
export class UnknownUser extends NotFound {
  constructor(userId: string) {
    super(`The user ${userId} was not found.`);
  }
}

interface AgentsOptions {
  seed: number;
  utilization: Utilization;
  carriesSeveral: number;
  customs: Customs;
}

/** The state of every agent, and the rules that tie routing status to presence. */
export class Agents {
  readonly all: Agent[];
  readonly #byId: Map<string, Agent>;
  readonly #clock: Clock;
  readonly #changed: Changed;
  /** Utilization of agents who have no setting of their own. */
  readonly utilization: Utilization;
  readonly #customs: Customs;

  /** @param carriesSeveral the share of agents who carry several interactions at once */
  constructor(org: Org, { seed, utilization, carriesSeveral, customs }: AgentsOptions, clock: Clock, changed: Changed) {
    const nowMs = clock.nowMs();
    this.utilization = utilization;
    this.#customs = customs;
    this.all = org.users.map((user, at) => ({
      user,
      random: new Random(seed + 7919 * (at + 1)),
      isDeleted: false,
      presence: builtInPresence('Offline'),
      presenceSinceMs: nowMs,
      routingStatus: 'OFF_QUEUE',
      routingStatusSinceMs: nowMs,
      interactions: [],
      utilization: { level: 'Organization', of: utilization },
      queuesSinceMs: nowMs,
    }));
    for (const [at, agent] of this.all.entries()) {
      if (new Random(seed + 104_729 * (at + 1)).chance(carriesSeveral)) this.setUtilization(agent, SEVERAL);
    }
    this.#byId = new Map(this.all.map((agent) => [agent.user.id, agent]));
    this.#clock = clock;
    this.#changed = changed;
  }

  find(userId: string): Agent | undefined {
    return this.#byId.get(userId);
  }

  /** @throws UnknownUser */
  get(userId: string): Agent {
    const agent = this.find(userId);
    if (!agent) throw new UnknownUser(userId);
    return agent;
  }

  /**
   * Sets the agent's presence. Routing status follows at once, except during an ACD interaction: then it stays until
   * wrap-up ends, so presence Break with routing status INTERACTING is a legal pair.
   */
  setPresence(agent: Agent, presence: PresenceDefinition): void {
    if (presence.id !== agent.presence.id) {
      agent.presence = presence;
      agent.presenceSinceMs = this.#later(agent.presenceSinceMs);
      this.#changed(agent, 'presence');
      this.#changed(agent, 'activity');
    }
    this.settle(agent);
  }

  /** Sets the routing status of an agent without ACD interactions: waiting for one, or off queue. */
  settle(agent: Agent): void {
    if (agent.interactions.some(isAcd)) return;
    const isCalling = agent.interactions.some(({ state }) => state === 'CONNECTED');
    if (isCalling && this.#customs.nonAcdStatus === 'COMMUNICATING') this.setRoutingStatus(agent, 'COMMUNICATING');
    else this.setRoutingStatus(agent, isOnQueue(agent) ? 'IDLE' : 'OFF_QUEUE');
  }

  /** Ends NOT_RESPONDING: the agent is waiting, off queue, or at the work they still have. */
  respond(agent: Agent): void {
    if (agent.interactions.some(isAcd)) this.setRoutingStatus(agent, 'INTERACTING');
    else this.settle(agent);
  }

  setRoutingStatus(agent: Agent, status: RoutingStatus): void {
    if (status === agent.routingStatus) return;
    agent.routingStatus = status;
    agent.routingStatusSinceMs = this.#later(agent.routingStatusSinceMs);
    this.#changed(agent, 'routingStatus');
    this.#changed(agent, 'activity');
  }

  /** Sets which of their queues the agent has joined. */
  setJoined(agent: Agent, queueIds: string[]): void {
    for (const membership of agent.user.memberships) membership.joined = queueIds.includes(membership.queue.id);
    agent.queuesSinceMs = this.#later(agent.queuesSinceMs);
    this.#changed(agent, 'activity');
  }

  /** Gives the agent a setting of their own, or removes it. There is no notification of it. */
  setUtilization(agent: Agent, own: Utilization | undefined): void {
    agent.utilization = own ? { level: 'Agent', of: own } : { level: 'Organization', of: this.utilization };
  }

  /** The agent's part in a conversation has changed. */
  conversationChanged(interaction: Interaction): void {
    this.#changed(interaction.agent, 'conversations', interaction);
  }

  /** The number of the agent's interactions has changed. */
  summaryChanged(agent: Agent): void {
    this.#changed(agent, 'conversationsummary');
  }

  /** Two changes of one value never have the same time. */
  #later(thanMs: number): number {
    return Math.max(this.#clock.nowMs(), thanMs + 1);
  }
}

export function isOnQueue(agent: Agent): boolean {
  return agent.presence.systemPresence === 'On Queue';
}
