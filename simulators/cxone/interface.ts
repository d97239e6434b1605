import type { Controls, Running } from '../kit/simulator.ts';
import type { AgentStateId } from './dictionaries.ts';
import type { FaultActions, FaultSettings } from './faults.ts';
import type { Send, SendAnswer, UserState, WorldState } from './ground-truth.ts';
import type { Credentials } from './options.ts';
import type { Switches } from './switches.ts';

export interface UserChange {
  /** 0 logs out, 1 and 2 log in if need be, 3 to 8 only show that state. */
  agentStateId?: AgentStateId;
  /** With state 2: one of the unavailable codes, reserved ones too. */
  outStateId?: number;
  /** Whether the account is active. */
  isActive?: boolean;
}

interface CxoneTypes {
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
 * A CXone business unit on loopback: its login, its Real-Time Data and Admin API, agents who live their working day, and
 * the truth about which of them had room when a contact was sent to them.
 */
export interface CxoneControls extends Controls<CxoneTypes> {
  /** The true state of all agents, by agent id. */
  users(): UserState[];
  /** Puts a contact on hold or takes it back. @throws UnknownContact */
  hold(contactId: number, isHeld: boolean): void;
  /** Passes a contact on to another agent. @throws UnknownContact @throws UnknownAgent */
  transfer(contactId: number, toAgentId: string): void;
  /** Changes the switches that are named; answers all of them. @throws InvalidSwitch */
  switches(changes: Partial<Switches>): Switches;
  /** Versions of the API that have been called. */
  versions(): string[];
}

export type CxoneSimulator = CxoneControls & Running<Credentials>;
