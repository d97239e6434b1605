import type { Send } from './conversations.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import type { SendAnswer, UserState, WorldState } from './ground-truth.ts';
import type { MediaType, RoutingStatus } from './model.ts';
import type { Credentials } from './options.ts';
import type { SystemPresence } from './presences.ts';

/**
 * A Genesys Cloud organisation on loopback: its login, REST API and notification sockets, agents who live their working
 * day, and the truth about who was free when an interaction was sent to them.
 */
export interface GenesysSimulator {
  /** Where login and API both answer, e.g. `http://127.0.0.1:8100`. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Transfers a conversation to an agent, as a call flow would. @throws UnknownUser */
  send(send: Send): SendAnswer;
  /** Transfers a conversation to a queue, where it waits to be assigned to an agent. */
  wait(conversationId: string, mediaType?: MediaType, queueId?: string): void;
  /** Whether it waits there still. */
  isWaiting(conversationId: string): boolean;
  state(): WorldState;
  /** The truth about one agent. @throws UnknownUser */
  user(userId: string): UserState;
  /** Sets an agent by hand; they stay so until they get work or are set again. @throws UnknownUser */
  setUser(userId: string, change: UserChange): UserState;
  /** Deletes a user, as an administrator does; their state stays as it was. @throws UnknownUser */
  deleteUser(userId: string): void;
  /** Lets running interactions end and nothing new begin. */
  pause(): void;
  resume(): void;
  /** Whoever called and has been answered hangs up now. */
  hangUp(): void;
  /** Changes the faults that are named; answers all of them. @throws InvalidFault */
  faults(changes: Partial<FaultSettings & FaultActions>): FaultSettings;
  stop(): Promise<void>;
}

export interface UserChange {
  presence?: SystemPresence;
  routingStatus?: RoutingStatus;
  /** Of the queues the user is a member of. */
  joinedQueueIds?: string[];
  /** The only skill that an administrator leaves the user, by a name that may be anything. */
  skill?: string;
  /** Whether an administrator lets the user carry several interactions at once. */
  carriesSeveral?: boolean;
}
