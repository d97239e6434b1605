import type { Clock } from '../kit/clock.ts';
import { Judge, type WorldState as StateOf } from '../kit/judge.ts';
import { type Agents, isOnQueue } from './agents.ts';
import type { Conversations, Send } from './conversations.ts';
import { isAbsence, type Refusal, type Refused, refusal } from './freedom.ts';
import type { Interactions } from './interactions.ts';
import type { GenesysLife } from './life.ts';
import type { Agent, Interaction, InteractionState, MediaType, RoutingStatus } from './model.ts';
import type { SystemPresence } from './presences.ts';

export type SendAnswer = { accepted: true } | { accepted: false; reason: Refusal };

export type WorldState = StateOf<Refusal>;

export interface UserState {
  id: string;
  name: string;
  presence: SystemPresence;
  presenceSince: string;
  routingStatus: RoutingStatus;
  routingStatusSince: string;
  /** Whether the agent may be sent a call. */
  available: boolean;
  queueIds: string[];
  /** In order of arrival. */
  interactions: InteractionOfUser[];
}

interface InteractionOfUser {
  conversationId: string;
  state: InteractionState;
  since: string;
  mediaType: MediaType;
}

/** Takes what a router sends to agents, and counts each time an agent had no room for it, or was away. */
export class GroundTruth {
  readonly #agents: Agents;
  readonly #conversations: Conversations;
  readonly #interactions: Interactions;
  readonly #life: GenesysLife;
  readonly #judge: Judge<Refusal>;

  constructor(
    agents: Agents,
    conversations: Conversations,
    interactions: Interactions,
    life: GenesysLife,
    clock: Clock,
  ) {
    this.#agents = agents;
    this.#conversations = conversations;
    this.#interactions = interactions;
    this.#life = life;
    this.#judge = new Judge(clock);
  }

  /**
   * The flow transfers a conversation to an agent. Sending it again to the agent who has it changes nothing. A
   * conversation that the agent cannot take is refused; if their work leaves no room for it, it counts as a double
   * booking.
   */
  send(send: Send, agent: Agent): SendAnswer {
    const holder = this.#conversations.holder(send.conversationId);
    if (holder === agent) return { accepted: true };
    const { mediaType = 'call' } = send;
    const refused: Refused | undefined = holder ? { reason: 'CONVERSATION_ELSEWHERE' } : refusal(agent, mediaType);
    if (refused) {
      this.#reject(send, agent, refused);
      return { accepted: false, reason: refused.reason };
    }
    this.#judge.accept();
    this.#life.attend(this.#interactions.alert(send, agent));
    return { accepted: true };
  }

  state(): WorldState {
    const { all } = this.#agents;
    return this.#judge.state({
      agents: all.length,
      onQueue: all.filter(isOnQueue).length,
      idle: all.filter((agent) => !refusal(agent, 'call')).length,
      interacting: all.filter(({ interactions }) => interactions.length > 0).length,
      interactionsMissed: this.#interactions.missed,
      interactionsCompleted: this.#interactions.completed,
    });
  }

  #reject(send: Send, agent: Agent, { reason, busyWith = agent.interactions[0] }: Refused): void {
    const by = busyWith && { busyWith: busyWith.conversation.id };
    const had = agent.interactions.map(({ conversation }) => conversation.id);
    const all = had.length > 1 && { allBusyWith: had };
    this.#judge.reject(isAbsence(reason) ? 'refusal' : 'doubleBooking', { ...send, reason, ...by, ...all });
  }
}

export function userState(agent: Agent): UserState {
  const { user, presence, routingStatus, interactions } = agent;
  return {
    id: user.id,
    name: user.name,
    presence: presence.systemPresence,
    presenceSince: iso(agent.presenceSinceMs),
    routingStatus,
    routingStatusSince: iso(agent.routingStatusSinceMs),
    available: !refusal(agent, 'call'),
    queueIds: user.memberships.filter(({ joined }) => joined).map(({ queue }) => queue.id),
    interactions: interactions.map(ofUser),
  };
}

function ofUser({ conversation, state, sinceMs }: Interaction): InteractionOfUser {
  return { conversationId: conversation.id, state, since: iso(sinceMs), mediaType: conversation.mediaType };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
