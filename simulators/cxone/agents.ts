import type { Clock } from '../kit/clock.ts';
import { NotFound } from '../kit/errors.ts';
import { Random } from '../kit/random.ts';
import type { Timers } from '../kit/timers.ts';
import { type Code, RESERVED } from './dictionaries.ts';
import type { Agent } from './model.ts';
import type { Org } from './org.ts';

/** No agent has this id. */
class UnknownAgent extends NotFound {
  constructor(agentId: string | number) {
    super(`The agent ${agentId} was not found.`);
  }
}

/** The session and the code of every agent. Callers that change an agent call `changed`. */
export class Agents {
  readonly all: Agent[];
  readonly changed: (agent: Agent) => void;
  readonly #byId: Map<string, Agent>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #codeTimeoutMs: number;

  constructor(
    org: Org,
    seed: number,
    parts: { clock: Clock; timers: Timers; codeTimeoutMs: number; changed: (agent: Agent) => void },
  ) {
    this.all = org.employees.map((employee, at) => ({
      employee,
      random: new Random(seed + 7919 * (at + 1)),
      isActive: true,
      isLoggingIn: false,
      contacts: [],
    }));
    this.#byId = new Map(this.all.map((agent) => [String(agent.employee.agentId), agent]));
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#codeTimeoutMs = parts.codeTimeoutMs;
    this.changed = parts.changed;
  }

  find(agentId: string | number): Agent | undefined {
    return this.#byId.get(String(agentId));
  }

  /** @throws UnknownAgent */
  get(agentId: string | number): Agent {
    const agent = this.find(agentId);
    if (!agent) throw new UnknownAgent(agentId);
    return agent;
  }

  /** A session begins: LoggedIn for a moment. */
  logIn(agent: Agent): void {
    agent.sessionSinceMs = this.#clock.nowMs();
    agent.isLoggingIn = true;
    agent.code = RESERVED.unavailable;
    this.changed(agent);
  }

  /** The session ends. Running contacts go on. */
  logOut(agent: Agent): void {
    agent.sessionSinceMs = undefined;
    agent.isLoggingIn = false;
    agent.code = undefined;
    agent.byHand = undefined;
    this.changed(agent);
  }

  /** Makes the agent unavailable with a code, or available without one. Begins a session if there is none. */
  setCode(agent: Agent, code: Code | undefined): void {
    this.takeCode(agent, code);
    this.changed(agent);
  }

  /** As `setCode`, without calling `changed`. */
  takeCode(agent: Agent, code: Code | undefined): void {
    agent.sessionSinceMs ??= this.#clock.nowMs();
    agent.isLoggingIn = false;
    agent.byHand = undefined;
    agent.code = code;
    if (!code) return;
    const session = agent.sessionSinceMs;
    this.#timers.after(this.#codeTimeoutMs, () => {
      const stayed = agent.code === code && agent.sessionSinceMs === session;
      if (stayed && agent.contacts.length === 0) this.logOut(agent);
    });
  }
}
