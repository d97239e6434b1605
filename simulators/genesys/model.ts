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
 * How a conversation gets to an agent. `acd`: routing sends it, whether a flow transferred it to the queue with preferred
 * agents or somebody assigned it. `user`: a flow transfers it to the user, and routing knows nothing of it.
 */
export type Delivery = 'acd' | 'user';

/**
 * One agent's part in a conversation:
 *
 *     ALERTING ──answer──► CONNECTED ──hang up──► WRAP_UP ──wrap up──► COMPLETE
 *         │                    └── hang up of what routing has not sent ──▲
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
  /** When the present state began. */
  sinceMs: number;
  connectedMs?: number;
  /** When the call ended for the agent. */
  disconnectedMs?: number;
  /** When the participant ended: a moment after the call itself. */
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
  /** Every agent it was ever sent to, in order; one who missed it and got it again is there twice. */
  readonly interactions: Interaction[];
}

/** Whether routing has sent it. */
export const isAcd = ({ delivery }: Interaction): boolean => delivery === 'acd';

/** What an agent may carry of one media type, as Genesys Cloud spells it. */
export interface MediaUtilization {
  maximumCapacity: number;
  /** Media types that may come to an agent beside work of this one. */
  interruptableMediaTypes: MediaType[];
  includeNonAcd: boolean;
}

export type Utilization = Record<MediaType, MediaUtilization>;

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
  /** The interactions that alert, are talked in or are wrapped up, in the order in which they came. */
  readonly interactions: Interaction[];
  /** What the agent may carry: by the organisation's setting, or by one of their own. */
  utilization: { level: 'Agent' | 'Organization'; of: Utilization };
  /** When the queues that the agent has joined last changed. */
  queuesSinceMs: number;
}
