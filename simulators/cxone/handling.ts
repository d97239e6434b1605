import type { Clock } from '../kit/clock.ts';
import type { Agents } from './agents.ts';
import type { Contacts } from './contacts.ts';
import { type Code, RESERVED } from './dictionaries.ts';
import type { Agent, Contact } from './model.ts';

/** The states of a contact, and the effect of each step on its agent. */
export class Handling {
  missed = 0;
  completed = 0;
  readonly #agents: Agents;
  readonly #contacts: Contacts;
  readonly #clock: Clock;
  readonly #ended: (contact: Contact, agent: Agent) => void;

  /** @param ended called when a contact is over for an agent, before the API shows it */
  constructor(agents: Agents, contacts: Contacts, clock: Clock, ended: (contact: Contact, agent: Agent) => void) {
    this.#agents = agents;
    this.#contacts = contacts;
    this.#clock = clock;
    this.#ended = ended;
  }

  /** The agent's phone rings, or the desktop does. */
  offer(contact: Contact, agent: Agent): void {
    contact.agent = agent;
    contact.targetAgentId = agent.employee.agentId;
    agent.contacts.push(contact);
    this.#contacts.enter(contact, 'ALERTING');
    this.#agents.changed(agent);
  }

  answer(contact: Contact, agent: Agent): void {
    this.#contacts.enter(contact, 'CONNECTED');
    contact.agentStartedMs = contact.sinceMs;
    this.#agents.changed(agent);
  }

  /**
   * The agent did not take the contact: it is queued again, and the agent stays Refused until their state is changed.
   * @returns whether the agent is Refused; an agent who is unavailable for another reason is not
   */
  refuse(contact: Contact, agent: Agent): boolean {
    this.missed++;
    this.#ended(contact, agent);
    drop(contact, agent);
    this.#contacts.giveBack(contact);
    const isRefused = agent.sessionSinceMs !== undefined && agent.code === undefined;
    if (isRefused) this.#agents.takeCode(agent, RESERVED.refused);
    this.#agents.changed(agent);
    return isRefused;
  }

  /** Puts a contact on hold, or takes it back. The agent's state does not show it. */
  hold(contact: Contact, agent: Agent, isHeld: boolean): void {
    if (isHeld && contact.state === 'CONNECTED') contact.holdCount++;
    this.#contacts.enter(contact, isHeld ? 'HELD' : 'CONNECTED');
    this.#agents.changed(agent);
  }

  /** The customer has gone, and after-call work begins. */
  wrapUp(contact: Contact, agent: Agent): void {
    this.#ended(contact, agent);
    this.#contacts.enter(contact, 'WRAP_UP');
    this.#agents.changed(agent);
  }

  /** Ends a contact. @param next the agent's own choice of a state after it; without it they stay as they are */
  complete(contact: Contact, agent: Agent, next?: Code): void {
    this.completed++;
    if (contact.state !== 'WRAP_UP') this.#ended(contact, agent);
    drop(contact, agent);
    this.#contacts.end(contact);
    if (next && agent.sessionSinceMs !== undefined) this.#agents.takeCode(agent, next);
    if (agent.code === RESERVED.logoffPending && agent.contacts.length === 0) this.#agents.logOut(agent);
    else this.#agents.changed(agent);
  }

  /** The agent passes the contact on; the other one has it at once. */
  transfer(contact: Contact, from: Agent, to: Agent): void {
    this.#ended(contact, from);
    drop(contact, from);
    contact.agent = to;
    contact.agentStartedMs = this.#clock.nowMs();
    to.contacts.push(contact);
    this.#contacts.enter(contact, 'CONNECTED');
    this.#agents.changed(from);
    this.#agents.changed(to);
  }
}

function drop(contact: Contact, agent: Agent): void {
  agent.contacts = agent.contacts.filter((other) => other !== contact);
}
