import type { Clock } from '../../src/ops/clock.ts';
import { type Agent, type Agents, isOnQueue, type RoutingStatus } from './agents.ts';
import type { Conversations, Interaction, InteractionState, MediaType } from './conversations.ts';
import { type Refusal, type Refused, refusal } from './freedom.ts';
import type { Interactions } from './interactions.ts';
import type { Life } from './life.ts';
import type { SystemPresence } from './presences.ts';

export interface Send {
  conversationId: string;
  userId: string;
  queueId?: string;
  mediaType?: MediaType;
}

export type SendAnswer = { accepted: true } | { accepted: false; reason: Refusal };

export interface DoubleBooking extends Send {
  at: string;
  reason: Refusal;
  /** The conversation that left no room for it. */
  busyWith?: string;
}

export interface WorldState {
  agents: number;
  onQueue: number;
  /** Who may be sent a call: on queue, and waiting, or with such work only as a call may interrupt. */
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
  /** Whether the agent may be sent a call. */
  available: boolean;
  queueIds: string[];
  /** In the order in which they came. */
  interactions: InteractionOfUser[];
}

interface InteractionOfUser {
  conversationId: string;
  state: InteractionState;
  since: string;
  mediaType: MediaType;
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
   * that finds the agent without room for one more of its kind is refused and counted as a double booking.
   */
  send(send: Send, agent: Agent): SendAnswer {
    const holder = this.#conversations.holder(send.conversationId);
    if (holder === agent) return { accepted: true };
    const { conversationId, mediaType = 'call', queueId } = send;
    const refused: Refused | undefined = holder ? { reason: 'CONVERSATION_ELSEWHERE' } : refusal(agent, mediaType);
    if (refused) {
      this.#countDoubleBooking(send, agent, refused);
      return { accepted: false, reason: refused.reason };
    }
    this.#sent++;
    this.#life.attend(this.#interactions.alert(conversationId, agent, mediaType, queueId));
    return { accepted: true };
  }

  state(): WorldState {
    const { all } = this.#agents;
    return {
      agents: all.length,
      onQueue: all.filter(isOnQueue).length,
      idle: all.filter((agent) => !refusal(agent, 'call')).length,
      interacting: all.filter(({ interactions }) => interactions.length > 0).length,
      interactionsSent: this.#sent,
      interactionsMissed: this.#interactions.missed,
      interactionsCompleted: this.#interactions.completed,
      doubleBookings: this.#doubleBookings,
      doubleBookingList: [...this.#doubleBookingList],
    };
  }

  #countDoubleBooking(send: Send, agent: Agent, { reason, busyWith = agent.interactions[0] }: Refused): void {
    this.#doubleBookings++;
    if (this.#doubleBookingList.length >= LISTED_DOUBLE_BOOKINGS) return;
    const at = iso(this.#clock.nowMs());
    this.#doubleBookingList.push({ ...send, at, reason, busyWith: busyWith?.conversation.id });
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
