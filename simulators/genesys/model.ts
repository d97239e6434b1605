import type { Random } from '../kit/random.ts';
import type { User } from './org.ts';
import type { PresenceDefinition } from './presences.ts';

/** The property of a participant that holds the communications of a medium. */
export const COMMUNICATIONS = {
  call: 'calls',
  callback: 'callbacks',
  chat: 'chats',
  email: 'emails',
  message: 'messages',
} as const;
export type MediaType = keyof typeof COMMUNICATIONS;
export const MEDIA_TYPES = Object.keys(COMMUNICATIONS) as MediaType[];

/**
 * How a conversation gets to an agent. `acd`: routing sends it, after a transfer to the queue with preferred agents, or
 * after an assignment. `user`: a flow transfers it to the user, and routing does not know of it.
 */
export type Delivery = 'acd' | 'user';

/**
 * One agent's part in a conversation:
 *
 *     ALERTING ──answer──► CONNECTED ──hang up──► WRAP_UP ──wrap up──► COMPLETE
 *         │                    └── hang up of a non-ACD call ─────────────▲
 *         └──alert timeout──► MISSED
 */
export type InteractionState = 'ALERTING' | 'CONNECTED' | 'WRAP_UP' | 'COMPLETE' | 'MISSED';

export interface Interaction {
  readonly agent: Agent;
  readonly conversation: Conversation;
  readonly participantId: string;
  readonly communicationId: string;
  readonly delivery: Delivery;
  state: InteractionState;
  /** Start of the present state. */
  sinceMs: number;
  connectedMs?: number;
  /** End of the call for the agent. */
  disconnectedMs?: number;
  /** End of the participant: a moment after the call itself. */
  endedMs?: number;
  wrappedUpMs?: number;
}

export interface Conversation {
  readonly id: string;
  readonly mediaType: MediaType;
  readonly queueId?: string;
  readonly startedMs: number;
  readonly customer: { participantId: string; communicationId: string };
  readonly acd: { participantId: string; communicationId: string };
  /** Every agent it was sent to, in order. An agent who missed it and got it again is there twice. */
  readonly interactions: Interaction[];
}

/** Whether routing sent it. */
export const isAcd = ({ delivery }: Interaction): boolean => delivery === 'acd';

/** The capacity of an agent for one media type, as Genesys Cloud spells it. */
export interface MediaUtilization {
  maximumCapacity: number;
  /** Media types that an agent may get beside work of this one. */
  interruptableMediaTypes: MediaType[];
  includeNonAcd: boolean;
}

export type Utilization = Record<MediaType, MediaUtilization>;

export const ROUTING_STATUSES = ['OFF_QUEUE', 'IDLE', 'INTERACTING', 'COMMUNICATING', 'NOT_RESPONDING'] as const;
export type RoutingStatus = (typeof ROUTING_STATUSES)[number];

/** One user, as the platform knows it now. Times are in ms of the simulator's clock. */
export interface Agent {
  readonly user: User;
  /** Each agent has a generator of their own, so that their choices do not depend on when others act. */
  readonly random: Random;
  /** Whether an administrator has deleted the user. The platform still knows the id. */
  isDeleted: boolean;
  /** The agent's own choice. */
  presence: PresenceDefinition;
  presenceSinceMs: number;
  /** The state that routing works with. */
  routingStatus: RoutingStatus;
  routingStatusSinceMs: number;
  /** Interactions that alert, are connected or in after-call work, in order of arrival. */
  readonly interactions: Interaction[];
  /** The agent's capacity: by the organisation's setting, or by one of their own. */
  utilization: { level: 'Agent' | 'Organization'; of: Utilization };
  /** Time of the last change of the queues that the agent has joined. */
  queuesSinceMs: number;
}
