import { InvalidSetting, NotFound } from '../kit/errors.ts';
import { AFTER_CALL_WORK, type Code, CUSTOM_CODES, RESERVED } from './dictionaries.ts';
import type { UserChange } from './interface.ts';
import type { Agent, Contact } from './model.ts';
import type { World } from './world.ts';

/** No agent has a contact with this id. */
class UnknownContact extends NotFound {
  constructor(contactId: number) {
    super(`No agent has the contact ${contactId}.`);
  }
}

/** There is no unavailable code with this id. */
class UnknownCode extends InvalidSetting {
  constructor(id: number) {
    super(`There is no unavailable code ${id}.`);
  }
}

/** Sets an agent's state from outside. The agent's own next plan is dropped. */
export function setAgent(
  agent: Agent,
  { agentStateId, outStateId, isActive }: UserChange,
  { agents, life, clock }: Pick<World, 'agents' | 'life' | 'clock'>,
): void {
  const code = outStateId === undefined ? RESERVED.unavailable : codeOf(outStateId);
  life.leaveAlone(agent);
  if (isActive !== undefined) {
    agent.isActive = isActive;
    agent.accountChangedMs = clock.nowMs();
    agents.changed(agent);
  }
  if (agentStateId === undefined && outStateId === undefined) return;
  if (agentStateId === 0) agents.logOut(agent);
  else if (agentStateId === 1) agents.setCode(agent, undefined);
  else if (agentStateId === 2 || agentStateId === undefined) agents.setCode(agent, code);
  else {
    agents.takeCode(agent, undefined);
    agent.byHand = agentStateId;
    agents.changed(agent);
  }
}

/** @throws UnknownContact */
export function holdContact(contactId: number, isHeld: boolean, { contacts, handling }: World): void {
  const contact = handledContact(contacts.byId(contactId), contactId);
  handling.hold(contact, contact.agent, isHeld);
}

/** Gives a contact to another agent at once, whatever they do. @throws UnknownContact */
export function transferContact(contactId: number, to: Agent, { contacts, handling, life }: World): void {
  const contact = handledContact(contacts.byId(contactId), contactId);
  handling.transfer(contact, contact.agent, to);
  life.handle(contact, to);
}

function handledContact(contact: Contact | undefined, contactId: number): Contact & { agent: Agent } {
  const isHandled = contact?.state === 'CONNECTED' || contact?.state === 'HELD';
  if (!isHandled || !contact.agent) throw new UnknownContact(contactId);
  return contact as Contact & { agent: Agent };
}

function codeOf(id: number): Code {
  const code = [...Object.values(RESERVED), ...CUSTOM_CODES, AFTER_CALL_WORK].find((one) => one.id === id);
  if (!code) throw new UnknownCode(id);
  return code;
}
