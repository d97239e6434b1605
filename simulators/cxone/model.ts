import type { Random } from '../kit/random.ts';
import type { AgentStateId, Code, MediaTypeId } from './dictionaries.ts';
import type { Employee, Skill } from './org.ts';

/**
 * A contact, which one agent after the other may be offered:
 *
 *     QUEUED ──offer──► ALERTING ──answer──► CONNECTED ◄──hold──► HELD
 *        ▲                  │                    └──hang up──► WRAP_UP ──► COMPLETE
 *        └────refused───────┘
 */
export type ContactState = 'QUEUED' | 'ALERTING' | 'CONNECTED' | 'HELD' | 'WRAP_UP' | 'COMPLETE';

export interface Contact {
  readonly contactId: number;
  /** What the sender calls it. */
  readonly conversationId: string;
  readonly skill: Skill;
  readonly mediaTypeId: MediaTypeId;
  readonly startedMs: number;
  readonly fromAddress: string;
  readonly toAddress: string;
  state: ContactState;
  /** When the present state began. */
  sinceMs: number;
  /** Who has it, is offered it, or works it up. */
  agent?: Agent;
  /** For whom it was meant. */
  targetAgentId: number;
  /** When the agent took it. */
  agentStartedMs?: number;
  holdCount: number;
}

/** One agent as the platform itself knows them at this instant. Times are in ms of the platform's clock. */
export interface Agent {
  readonly employee: Employee;
  /** The agent's own dice, so that one agent's choices do not depend on when another one acts. */
  readonly random: Random;
  /** Whether the account is active; the platform still knows the id of one that is not. */
  isActive: boolean;
  /** When an administrator changed the account last; undefined if nobody has since the start. */
  accountChangedMs?: number;
  /** When they logged in; undefined while there is no session. */
  sessionSinceMs?: number;
  /** The session has only begun. */
  isLoggingIn: boolean;
  /** Why they get no contacts; undefined while they are available. */
  code?: Code;
  /** A state that somebody has set by hand, such as Dialer or OutboundConsult. */
  byHand?: AgentStateId;
  /** What they are offered, handle or work up, in order of arrival. */
  contacts: Contact[];
}
