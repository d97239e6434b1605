import type { Random } from '../kit/random.ts';
import type { AgentStateId, Code, MediaTypeId } from './dictionaries.ts';
import type { Employee, Skill } from './org.ts';

/**
 * A contact. It may be offered to one agent after another:
 *
 *     QUEUED ──offer──► ALERTING ──answer──► CONNECTED ◄──hold──► HELD
 *        ▲                  │                    └──hang up──► WRAP_UP ──► COMPLETE
 *        └────refused───────┘
 */
export type ContactState = 'QUEUED' | 'ALERTING' | 'CONNECTED' | 'HELD' | 'WRAP_UP' | 'COMPLETE';

export interface Contact {
  readonly contactId: number;
  /** The sender's id. */
  readonly conversationId: string;
  readonly skill: Skill;
  readonly mediaTypeId: MediaTypeId;
  readonly startedMs: number;
  readonly fromAddress: string;
  readonly toAddress: string;
  state: ContactState;
  /** Start of the present state. */
  sinceMs: number;
  /** The agent who is offered the contact, handles it, or does its after-call work. */
  agent?: Agent;
  /** The agent it was sent to. */
  targetAgentId: number;
  /** Time at which the agent took it. */
  agentStartedMs?: number;
  holdCount: number;
}

/** One agent, as the platform knows them now. Times are in ms of the platform's clock. */
export interface Agent {
  readonly employee: Employee;
  /** Each agent has a generator of their own, so that their choices do not depend on when others act. */
  readonly random: Random;
  /** Whether the account is active. The platform still knows the id of an inactive one. */
  isActive: boolean;
  /** Time of the account's last change by an administrator; undefined if there was none. */
  accountChangedMs?: number;
  /** Login time; undefined without a session. */
  sessionSinceMs?: number;
  /** Whether the session has just begun. */
  isLoggingIn: boolean;
  /** The reason why they get no contacts; undefined while they are available. */
  code?: Code;
  /** A state that was set through the controls, such as Dialer or OutboundConsult. */
  byHand?: AgentStateId;
  /** Contacts that are offered, handled or in after-call work, in order of arrival. */
  contacts: Contact[];
}
