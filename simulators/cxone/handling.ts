import type { Clock } from '../kit/clock.ts';
import type { Agents } from './agents.ts';
import type { Contacts } from './contacts.ts';
import { type Code, RESERVED } from './dictionaries.ts';
import type { Agent, Contact } from './model.ts';

/** How a contact goes from state to state, and what becomes of the agent at each step. */
export class Handling {
  missed = 0;
  completed = 0;
  readonly #agents: Agents;
  readonly #contacts: Contacts;
  readonly #clock: Clock;
  readonly #ended: (contact: Contact, agent: Agent) => void;

  /** @param ended hears that a contact is over for an agent, before anything shows it */
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
   * The contact was not taken: it is queued again, and the agent stays Refused until somebody changes that.
   * @returns whether the agent is Refused: not one who is unavailable for another reason
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

  /** On hold, or back; the agent's state does not show it. */
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

  /** All is done. `next` is what the agent has chosen to be then; without it they are as before. */
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
