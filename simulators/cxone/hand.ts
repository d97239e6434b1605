import type { AgentStateId } from './dictionaries.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import type { Send, SendAnswer, UserState, WorldState } from './ground-truth.ts';
import type { Credentials } from './options.ts';
import type { Switches } from './switches.ts';

/** What somebody sets of an agent by hand. */
export interface UserChange {
  /** 0 logs out, 1 and 2 log in if need be, 3 to 8 only show that state. */
  agentStateId?: AgentStateId;
  /** With state 2: one of the unavailable codes, reserved ones too. */
  outStateId?: number;
  /** Whether the account is active. */
  isActive?: boolean;
}

/**
 * A CXone business unit on loopback: its login, its Real-Time Data and Admin API, agents who live their working day, and
 * the truth about who had room when a contact was sent to them.
 */
export interface CxoneSimulator {
  /** Issuer and API endpoint in one, e.g. `http://127.0.0.1:8200`. */
  readonly url: string;
  readonly credentials: Credentials;
  /** Sends a contact to an agent, as a script does. @throws UnknownAgent */
  send(send: Send): SendAnswer;
  state(): WorldState;
  /** The truth about one agent. @throws UnknownAgent */
  user(agentId: string): UserState;
  /** The truth about all of them, by agent id. */
  users(): UserState[];
  /** Sets an agent by hand; they stay so until they get work or are set again. @throws UnknownAgent */
  setUser(agentId: string, change: UserChange): UserState;
  /** Closes an account, as an administrator does. @throws UnknownAgent */
  deleteUser(agentId: string): void;
  /** Puts a contact on hold or takes it back. @throws UnknownContact */
  hold(contactId: number, isHeld: boolean): void;
  /** Passes a contact on to another agent. @throws UnknownContact @throws UnknownAgent */
  transfer(contactId: number, toAgentId: string): void;
  /** Lets running contacts end and nothing new begin. */
  pause(): void;
  resume(): void;
  /** Whoever called and has been answered hangs up now. */
  hangUp(): void;
  /** Changes the faults that are named; answers all of them. @throws InvalidFault */
  faults(changes: Partial<FaultSettings & FaultActions>): FaultSettings;
  /** Changes what is named of the platform's unknown ways; answers all of them. @throws InvalidSwitch */
  switches(changes: Partial<Switches>): Switches;
  /** Versions of the API that have been called. */
  versions(): string[];
  stop(): Promise<void>;
}
