import type { Clock } from '../../src/ops/clock.ts';
import { type Agent, type Agents, isOnQueue, type RoutingStatus } from './agents.ts';
import type { Conversations, InteractionState, MediaType } from './conversations.ts';
import type { Interactions } from './interactions.ts';
import type { Life } from './life.ts';
import type { SystemPresence } from './presences.ts';

export interface Send {
  conversationId: string;
  userId: string;
  queueId?: string;
  mediaType?: MediaType;
}

/** Why an agent could not take the interaction that was sent to them. */
export type Refusal =
  | 'ALERTING'
  | 'CONNECTED'
  | 'WRAP_UP'
  | 'NOT_ON_QUEUE'
  | 'NOT_RESPONDING'
  | 'COMMUNICATING'
  | 'INTERACTING'
  | 'CONVERSATION_ELSEWHERE';

export type SendAnswer = { accepted: true } | { accepted: false; reason: Refusal };

export interface DoubleBooking extends Send {
  at: string;
  reason: Refusal;
  /** The conversation the agent had at that moment. */
  busyWith?: string;
}

export interface WorldState {
  agents: number;
  onQueue: number;
  /** On queue, waiting, and not alerted: who may be sent an interaction. */
  idle: number;
  /** Alerted, talking or wrapping up. */
  interacting: number;
  interactionsSent: number;
  interactionsMissed: number;
  interactionsCompleted: number;
  doubleBookings: number;
  /** The first of them. */
  doubleBookingList: DoubleBooking[];
}

export interface UserState {
  id: string;
  name: string;
  presence: SystemPresence;
  presenceSince: string;
  routingStatus: RoutingStatus;
  routingStatusSince: string;
  available: boolean;
  queueIds: string[];
  interaction?: { conversationId: string; state: InteractionState; since: string; mediaType: MediaType };
}

const LISTED_DOUBLE_BOOKINGS = 100;

/** The judge: takes what a router sends to agents, and counts every time an agent was not free for it. */
export class GroundTruth {
  readonly #agents: Agents;
  readonly #conversations: Conversations;
  readonly #interactions: Interactions;
  readonly #life: Life;
  readonly #clock: Clock;
  readonly #doubleBookingList: DoubleBooking[] = [];
  #sent = 0;
  #doubleBookings = 0;

  constructor(agents: Agents, conversations: Conversations, interactions: Interactions, life: Life, clock: Clock) {
    this.#agents = agents;
    this.#conversations = conversations;
    this.#interactions = interactions;
    this.#life = life;
    this.#clock = clock;
  }

  /**
   * The flow transfers a conversation to an agent. Sending it again to the agent who has it changes nothing; anything
   * that finds the agent not free is refused and counted as a double booking.
   */
  send(send: Send, agent: Agent): SendAnswer {
    const holder = this.#conversations.holder(send.conversationId);
    if (holder === agent) return { accepted: true };
    const reason = holder ? 'CONVERSATION_ELSEWHERE' : refusal(agent);
    if (reason) {
      this.#countDoubleBooking(send, agent, reason);
      return { accepted: false, reason };
    }
    this.#sent++;
    const { conversationId, mediaType = 'call', queueId } = send;
    this.#life.attend(this.#interactions.alert(conversationId, agent, mediaType, queueId));
    return { accepted: true };
  }

  state(): WorldState {
    const { all } = this.#agents;
    return {
      agents: all.length,
      onQueue: all.filter(isOnQueue).length,
      idle: all.filter((agent) => !refusal(agent)).length,
      interacting: all.filter((agent) => agent.interaction).length,
      interactionsSent: this.#sent,
      interactionsMissed: this.#interactions.missed,
      interactionsCompleted: this.#interactions.completed,
      doubleBookings: this.#doubleBookings,
      doubleBookingList: [...this.#doubleBookingList],
    };
  }

  #countDoubleBooking(send: Send, agent: Agent, reason: Refusal): void {
    this.#doubleBookings++;
    if (this.#doubleBookingList.length >= LISTED_DOUBLE_BOOKINGS) return;
    const busyWith = agent.interaction?.conversation.id;
    this.#doubleBookingList.push({ ...send, at: iso(this.#clock.nowMs()), reason, busyWith });
  }
}

/** Why the agent cannot take an interaction now; undefined if they can. */
function refusal(agent: Agent): Refusal | undefined {
  const state = agent.interaction?.state;
  if (state === 'ALERTING' || state === 'CONNECTED' || state === 'WRAP_UP') return state;
  if (!isOnQueue(agent) || agent.routingStatus === 'OFF_QUEUE') return 'NOT_ON_QUEUE';
  return agent.routingStatus === 'IDLE' ? undefined : agent.routingStatus;
}

export function userState(agent: Agent): UserState {
  const { user, presence, routingStatus, interaction } = agent;
  return {
    id: user.id,
    name: user.name,
    presence: presence.systemPresence,
    presenceSince: iso(agent.presenceSinceMs),
    routingStatus,
    routingStatusSince: iso(agent.routingStatusSinceMs),
    available: !refusal(agent),
    queueIds: user.memberships.filter(({ joined }) => joined).map(({ queue }) => queue.id),
    interaction: interaction && {
      conversationId: interaction.conversation.id,
      state: interaction.state,
      since: iso(interaction.sinceMs),
      mediaType: interaction.conversation.mediaType,
    },
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
