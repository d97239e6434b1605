import type { Clock } from '../../src/ops/clock.ts';
import { Random } from '../simulator/random.ts';
import type { Interaction } from './conversations.ts';
import type { Org, User } from './org.ts';
import { builtInPresence, type PresenceDefinition } from './presences.ts';

export const ROUTING_STATUSES = ['OFF_QUEUE', 'IDLE', 'INTERACTING', 'COMMUNICATING', 'NOT_RESPONDING'] as const;
export type RoutingStatus = (typeof ROUTING_STATUSES)[number];

/** One user as the platform itself knows it at this instant. Times are in ms of the simulator's clock. */
export interface Agent {
  readonly user: User;
  /** The agent's own dice, so that one agent's choices do not depend on when another one acts. */
  readonly random: Random;
  /** Whether an administrator has deleted the user; the platform still knows the id. */
  isDeleted: boolean;
  /** What the person said. */
  presence: PresenceDefinition;
  presenceSinceMs: number;
  /** What the ACD sees. */
  routingStatus: RoutingStatus;
  routingStatusSinceMs: number;
  /** The interaction that alerts, is talked in or is wrapped up. */
  interaction?: Interaction;
}

/** The part of an agent that has changed, by the name of its notification topic. */
export type AgentTopic = 'presence' | 'routingStatus' | 'activity' | 'conversationsummary' | 'conversations';

/** There is nobody with this id. */
export class UnknownUser extends Error {
  constructor(userId: string) {
    super(`The user ${userId} was not found.`);
  }
}

/** The state of every agent, and the rules that tie routing status to presence. */
export class Agents {
  readonly all: Agent[];
  readonly #byId: Map<string, Agent>;
  readonly #clock: Clock;
  readonly #changed: (agent: Agent, topic: AgentTopic) => void;

  constructor(org: Org, seed: number, clock: Clock, changed: (agent: Agent, topic: AgentTopic) => void) {
    const nowMs = clock.nowMs();
    this.all = org.users.map((user, at) => ({
      user,
      random: new Random(seed + 7919 * (at + 1)),
      isDeleted: false,
      presence: builtInPresence('Offline'),
      presenceSinceMs: nowMs,
      routingStatus: 'OFF_QUEUE',
      routingStatusSinceMs: nowMs,
    }));
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
   * What the person says. Routing status follows at once, except while an interaction lasts: then it stays as it is
   * until wrap-up ends, so that presence Break with routing status INTERACTING is a legal pair.
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

  /** What the ACD sees of an agent who has no interaction: waiting for one, or not in the queue. */
  settle(agent: Agent): void {
    if (!agent.interaction) this.setRoutingStatus(agent, isOnQueue(agent) ? 'IDLE' : 'OFF_QUEUE');
  }

  setRoutingStatus(agent: Agent, status: RoutingStatus): void {
    if (status === agent.routingStatus) return;
    agent.routingStatus = status;
    agent.routingStatusSinceMs = this.#later(agent.routingStatusSinceMs);
    this.#changed(agent, 'routingStatus');
    this.#changed(agent, 'activity');
  }

  /** The agent's part in their present conversation has moved on. */
  conversationChanged(agent: Agent): void {
    this.#changed(agent, 'conversations');
  }

  /** The agent has more or less to do. */
  summaryChanged(agent: Agent): void {
    this.#changed(agent, 'conversationsummary');
  }

  /** Two changes of one thing never carry the same time. */
  #later(thanMs: number): number {
    return Math.max(this.#clock.nowMs(), thanMs + 1);
  }
}

export function isOnQueue(agent: Agent): boolean {
  return agent.presence.systemPresence === 'On Queue';
}
