import { takes } from './capacity.ts';
import { AFTER_CALL_WORK, type AgentStateId, type Code, RESERVED } from './dictionaries.ts';
import type { Agent, Contact } from './model.ts';
import type { Switches } from './switches.ts';

/** An agent's state in the words of `/agents/states`. */
export interface AgentState {
  stateId: AgentStateId;
  code?: Code;
  isAcw: boolean;
  /** The contact in focus. */
  contact?: Contact;
  /** Contacts that are offered or handled; those in after-call work are closed. */
  openContacts: number;
}

/** The one state that the platform shows for everything an agent does. */
export function stateOf(agent: Agent, switches: Switches): AgentState {
  if (!agent.isActive || agent.sessionSinceMs === undefined) return idle(0);
  const open = agent.contacts.filter(({ state }) => state !== 'WRAP_UP');
  const handled = open.filter(({ state }) => state !== 'ALERTING');
  const worked = agent.contacts.find(({ state }) => state === 'WRAP_UP');
  const contact = handled.at(-1) ?? worked ?? open.at(-1);
  const common = { contact, openContacts: open.length, isAcw: false };
  if (agent.isLoggingIn) return idle(8);
  if (agent.byHand !== undefined) return { ...common, stateId: agent.byHand };
  if (worked) {
    const stateId = switches.acw === 'unavailable' ? 2 : 3;
    return { ...common, stateId, code: worked.skill.acw ?? AFTER_CALL_WORK, isAcw: true };
  }
  if (agent.code) return { ...common, stateId: 2, code: agent.code };
  if (handled.length > 0) {
    const hasRoom = switches.partialLoad === 'available' && takes(agent).length > 0;
    return { ...common, stateId: hasRoom ? 1 : 3 };
  }
  return contact ? ringing(contact, switches) : idle(1);
}

function ringing(contact: Contact, { ringing }: Switches): AgentState {
  if (ringing === 'available') return idle(1);
  const common = { contact, openContacts: 1, isAcw: false };
  if (ringing === 'inboundContact') return { ...common, stateId: 3 };
  return { ...common, stateId: 2, code: RESERVED.inboundPending };
}

function idle(stateId: AgentStateId): AgentState {
  return { stateId, isAcw: false, openContacts: 0 };
}
