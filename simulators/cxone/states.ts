import type { Clock } from '../kit/clock.ts';
import type { Witness } from '../kit/witness.ts';
import type { Agent } from './model.ts';
import { type AgentState, stateOf } from './state-of.ts';
import type { Switches } from './switches.ts';

export interface Stamped {
  state: AgentState;
  /** Start of the state. */
  startMs: number;
}

/** The true state of every agent and its start, before the API shows it. */
export class States {
  readonly #of = new Map<Agent, Stamped>();
  readonly #switches: Switches;
  readonly #clock: Clock;
  readonly #witness: Witness;

  constructor(switches: Switches, clock: Clock, witness: Witness) {
    this.#switches = switches;
    this.#clock = clock;
    this.#witness = witness;
  }

  of(agent: Agent): Stamped {
    return this.#of.get(agent) ?? this.changed(agent);
  }

  /** Reads the agent again. A state begins when its id, its code or `isACW` changes, and never twice at one time. */
  changed(agent: Agent): Stamped {
    const state = stateOf(agent, this.#switches);
    const before = this.#of.get(agent);
    const isSame = before !== undefined && wordOf(before.state) === wordOf(state);
    const startMs = isSame ? before.startMs : Math.max(this.#clock.nowMs(), (before?.startMs ?? 0) + 1);
    const stamped = { state, startMs };
    this.#of.set(agent, stamped);
    if (before && !isSame) this.#report(agent, before.state, stamped);
    return stamped;
  }

  #report(agent: Agent, before: AgentState, { state, startMs }: Stamped): void {
    const userId = String(agent.employee.agentId);
    const change = { userId, value: wordOf(state), atMs: startMs };
    if (dutyOf(before) !== dutyOf(state)) this.#witness.changed({ ...change, what: 'presence' });
    this.#witness.changed({ ...change, what: 'routingStatus' });
  }
}

/** E.g. `2/402`, and `2/411/ACW`. */
function wordOf({ stateId, code, isAcw }: AgentState): string {
  return [stateId, ...(code ? [code.id] : []), ...(isAcw ? ['ACW'] : [])].join('/');
}

/** Whether the agent is logged out, paused by their own choice, or at work. */
function dutyOf({ stateId, code, isAcw }: AgentState): string {
  if (stateId === 0) return 'OFF';
  return stateId === 8 || (stateId === 2 && !isAcw && code !== undefined && code.id > 0) ? 'PAUSED' : 'ON';
}
