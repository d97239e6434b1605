import { Life } from '../kit/life.ts';
import type { Timers } from '../kit/timers.ts';
import type { Agents } from './agents.ts';
import { isFull } from './capacity.ts';
import { type Code, CUSTOM_CODES, RESERVED } from './dictionaries.ts';
import type { Handling } from './handling.ts';
import type { Agent, Contact } from './model.ts';
import type { Habits } from './options.ts';

/** The break or end of shift that follows a contact. */
interface Leaving {
  code: Code;
  meanMs: number;
}

/**
 * The working day of every agent, on timers.
 *
 * Agents refuse a contact, take a break or go home only when they are full, because no contact can be sent to them then.
 * They leave when the contact ends. If they left while they had room, a contact could be on its way to them: a race that
 * no router can win, and that the simulator would count against the router.
 */
export class CxoneLife extends Life<Agent> {
  readonly #agents: Agents;
  readonly #handling: Handling;
  readonly #habits: Habits;

  constructor(agents: Agents, handling: Handling, habits: Habits, timers: Timers) {
    super(habits, timers);
    this.#agents = agents;
    this.#handling = handling;
    this.#habits = habits;
  }

  /** Plans the agent's answer to a contact that they are offered. */
  attend(contact: Contact, agent: Agent): void {
    const { random } = agent;
    const { answerFromMs, answerToMs, refusalTimeoutMs, missesCall } = this.#habits;
    const answerMs = random.between(answerFromMs, answerToMs);
    const misses = random.chance(missesCall);
    this.timers.after(misses ? refusalTimeoutMs : answerMs, () => {
      if (!this.#has(contact, agent)) return;
      if (misses && isFull(agent)) this.#refuse(contact, agent);
      else this.#answer(contact, agent);
    });
  }

  /** Plans the end of a contact that the agent has answered, or got from a colleague. */
  handle(contact: Contact, agent: Agent): void {
    const { talkMs, digitalMs } = this.#habits;
    const meanMs = contact.mediaTypeId === 4 ? talkMs : digitalMs;
    this.talks.begin(agent.random.around(meanMs), () => {
      if (this.#has(contact, agent) && contact.state !== 'WRAP_UP') this.#hangUp(contact, agent);
    });
  }

  /** Whether the agent still has the contact. */
  #has(contact: Contact, agent: Agent): boolean {
    return contact.agent === agent && agent.contacts.includes(contact);
  }

  #answer(contact: Contact, agent: Agent): void {
    this.#handling.answer(contact, agent);
    this.handle(contact, agent);
  }

  #refuse(contact: Contact, agent: Agent): void {
    if (!this.#handling.refuse(contact, agent)) return;
    this.plans.make(agent, agent.random.around(this.#habits.refusedMs), () => this.#comeBack(agent));
  }

  #hangUp(contact: Contact, agent: Agent): void {
    const leaving = this.#choose(agent);
    if (!contact.skill.acw) {
      this.#complete(contact, agent, leaving);
      return;
    }
    this.#handling.wrapUp(contact, agent);
    const wrapUpMs = agent.random.around(this.#habits.wrapUpMs);
    this.timers.after(wrapUpMs, () => {
      if (this.#has(contact, agent)) this.#complete(contact, agent, leaving);
    });
  }

  /** Draws the same random numbers whether the agent is full or not, so that the day does not depend on the router. */
  #choose(agent: Agent): Leaving | undefined {
    const { takesBreak, endsShift, breakMs, shiftGapMs } = this.#habits;
    const choice = agent.random.next();
    const code = agent.random.pick(CUSTOM_CODES);
    if (choice < takesBreak) return { code, meanMs: breakMs };
    return choice < takesBreak + endsShift ? { code: RESERVED.logoffPending, meanMs: shiftGapMs } : undefined;
  }

  #complete(contact: Contact, agent: Agent, leaving: Leaving | undefined): void {
    const isAtWork = agent.sessionSinceMs !== undefined && !agent.code && agent.byHand === undefined;
    const leaves = leaving && isAtWork && isFull(agent) && !this.plans.paused;
    this.#handling.complete(contact, agent, leaves ? leaving.code : undefined);
    if (leaves) this.plans.make(agent, agent.random.around(leaving.meanMs), () => this.#comeBack(agent));
  }

  /** Ends a break or Refused, or begins a new shift. */
  #comeBack(agent: Agent): void {
    if (agent.sessionSinceMs === undefined) this.logIn(agent);
    else this.#agents.setCode(agent, undefined);
  }

  protected override logIn(agent: Agent): void {
    this.#agents.logIn(agent);
    this.plans.make(agent, this.#habits.loggedInMs, () => {
      this.#agents.setCode(agent, RESERVED.unavailable);
      this.plans.make(agent, agent.random.around(this.#habits.signInMs), () => this.#comeBack(agent));
    });
  }
}
