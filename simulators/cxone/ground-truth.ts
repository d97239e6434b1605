import type { Clock } from '../kit/clock.ts';
import { Judge, type WorldState as StateOf } from '../kit/judge.ts';
import type { Agents } from './agents.ts';
import { hasRoom, type Refusal, refusal, takes } from './capacity.ts';
import type { Contacts } from './contacts.ts';
import { AGENT_STATES, type AgentStateId, type MediaTypeId } from './dictionaries.ts';
import type { Handling } from './handling.ts';
import type { CxoneLife } from './life.ts';
import type { Agent, Contact, ContactState } from './model.ts';
import type { Org, Skill } from './org.ts';
import type { States } from './states.ts';

/** Media type ids, by the sender's word. */
export const MEDIA_WORDS = { call: 4, voicemail: 5, chat: 3, email: 1, workItem: 6, message: 9 } as const;

export interface Send {
  /** A whole number becomes the contact's id. */
  conversationId: string;
  /** The agent's id. */
  userId: string;
  /** The skill's id. */
  queueId?: string;
  /** Default: the medium of the skill, or a call. */
  mediaType?: keyof typeof MEDIA_WORDS;
}

export type SendAnswer = { accepted: true; contactId: number } | { accepted: false; reason: Refusal };

export type WorldState = StateOf<Refusal>;

export interface UserState {
  id: string;
  name: string;
  agentStateId: AgentStateId;
  agentStateName: string;
  outStateId: number;
  isACW: boolean;
  since: string;
  /** Whether the agent can take a contact of any medium of their skills. */
  available: boolean;
  /** Those media. */
  takes: MediaTypeId[];
  openContacts: number;
  queueIds: string[];
  interactions: {
    conversationId: string;
    contactId: number;
    state: ContactState;
    since: string;
    mediaTypeId: MediaTypeId;
  }[];
}

/** Takes what a router sends to agents, and counts each time an agent had no room for it, or was away. */
export class GroundTruth {
  readonly #org: Org;
  readonly #agents: Agents;
  readonly #contacts: Contacts;
  readonly #handling: Handling;
  readonly #life: CxoneLife;
  readonly #judge: Judge<Refusal>;

  constructor(
    org: Org,
    parts: { agents: Agents; contacts: Contacts; handling: Handling; life: CxoneLife; clock: Clock },
  ) {
    this.#org = org;
    this.#agents = parts.agents;
    this.#contacts = parts.contacts;
    this.#handling = parts.handling;
    this.#life = parts.life;
    this.#judge = new Judge(parts.clock);
  }

  /**
   * The script's Reqagent with a TargetAgent. Sending a contact again to the agent who has it changes nothing. A contact
   * that the agent cannot take is refused; if their work leaves no room for it, it counts as a double booking. (The
   * platform itself would let it wait for the agent.)
   */
  send(send: Send, agent: Agent): SendAnswer {
    const known = this.#contacts.find(send.conversationId);
    if (known?.agent === agent) return { accepted: true, contactId: known.contactId };
    const skill = this.#skillOf(send, agent);
    const mediaTypeId = known?.mediaTypeId ?? (send.mediaType ? MEDIA_WORDS[send.mediaType] : skill.mediaTypeId);
    const reason = known?.agent ? 'CONVERSATION_ELSEWHERE' : refusal(agent, mediaTypeId);
    if (reason) {
      const isDouble = known?.agent !== undefined || !hasRoom(agent, mediaTypeId);
      this.#reject(isDouble ? 'doubleBooking' : 'refusal', send, agent, reason);
      return { accepted: false, reason };
    }
    this.#judge.accept();
    const contact = known ?? this.#contacts.begin(send.conversationId, skill, mediaTypeId);
    this.#handling.offer(contact, agent);
    this.#life.attend(contact, agent);
    return { accepted: true, contactId: contact.contactId };
  }

  state(): WorldState {
    const { all } = this.#agents;
    const isOnQueue = (agent: Agent) => agent.sessionSinceMs !== undefined && !agent.code;
    return this.#judge.state({
      agents: all.length,
      onQueue: all.filter(isOnQueue).length,
      idle: all.filter((agent) => agent.contacts.length === 0 && takes(agent).length > 0).length,
      interacting: all.filter((agent) => agent.contacts.length > 0).length,
      interactionsMissed: this.#handling.missed,
      interactionsCompleted: this.#handling.completed,
    });
  }

  #skillOf({ queueId, mediaType }: Send, agent: Agent): Skill {
    const mediaTypeId = MEDIA_WORDS[mediaType ?? 'call'];
    const { assignments } = agent.employee;
    const { skills } = this.#org;
    const skill =
      skills.find(({ skillId }) => String(skillId) === queueId) ??
      assignments.find((assignment) => assignment.skill.mediaTypeId === mediaTypeId)?.skill ??
      skills.find((candidate) => candidate.mediaTypeId === mediaTypeId) ??
      skills[0];
    if (!skill) throw new Error('a business unit without skills has nothing to route');
    return skill;
  }

  #reject(as: 'doubleBooking' | 'refusal', send: Send, agent: Agent, reason: Refusal): void {
    const had = agent.contacts.map(({ conversationId }) => conversationId);
    const all = had.length > 1 && { allBusyWith: had };
    this.#judge.reject(as, { ...send, reason, ...(had[0] && { busyWith: had[0] }), ...all });
  }
}

export function userState(agent: Agent, states: States): UserState {
  const { employee, contacts } = agent;
  const { state, startMs } = states.of(agent);
  const open = takes(agent);
  return {
    id: String(employee.agentId),
    name: `${employee.firstName} ${employee.lastName}`,
    agentStateId: state.stateId,
    agentStateName: AGENT_STATES[state.stateId],
    outStateId: state.code?.id ?? 0,
    isACW: state.isAcw,
    since: iso(startMs),
    available: open.length > 0,
    takes: open,
    openContacts: state.openContacts,
    queueIds: employee.assignments.filter(({ isActive }) => isActive).map(({ skill }) => String(skill.skillId)),
    interactions: contacts.map((contact: Contact) => ({
      conversationId: contact.conversationId,
      contactId: contact.contactId,
      state: contact.state,
      since: iso(contact.sinceMs),
      mediaTypeId: contact.mediaTypeId,
    })),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
