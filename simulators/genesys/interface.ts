import type { Controls, Running } from '../kit/simulator.ts';
import type { Send } from './conversations.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import type { SendAnswer, UserState, WorldState } from './ground-truth.ts';
import type { MediaType, RoutingStatus } from './model.ts';
import type { Credentials } from './options.ts';
import type { SystemPresence } from './presences.ts';

interface GenesysTypes {
  send: Send;
  answer: SendAnswer;
  state: WorldState;
  user: UserState;
  change: UserChange;
  faults: FaultSettings;
  faultChanges: FaultSettings & FaultActions;
  credentials: Credentials;
}

/**
 * A Genesys Cloud organisation on loopback: its login, REST API and notification sockets, agents who live their working
 * day, and the truth about which of them were free when an interaction was sent to them.
 */
export interface GenesysControls extends Controls<GenesysTypes> {
  /** Transfers a conversation to a queue, where it waits to be assigned to an agent. */
  wait(conversationId: string, mediaType?: MediaType, queueId?: string): void;
  /** Whether a conversation waits in a queue. */
  isWaiting(conversationId: string): boolean;
}

export type GenesysSimulator = GenesysControls & Running<Credentials>;

interface UserChange {
  presence?: SystemPresence;
  routingStatus?: RoutingStatus;
  /** The queues to join, of those the user is a member of. */
  joinedQueueIds?: string[];
  /** The only skill that an administrator leaves the user; its name may be anything. */
  skill?: string;
  /** Whether an administrator lets the user carry several interactions at once. */
  carriesSeveral?: boolean;
}
