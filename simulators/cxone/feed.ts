import type { Clock } from '../kit/clock.ts';
import { Random } from '../kit/random.ts';
import type { Timers } from '../kit/timers.ts';
import type { Faults } from './faults.ts';
import type { Agent } from './model.ts';
import type { Timings } from './options.ts';
import type { AgentState } from './state-of.ts';
import type { Stamped } from './states.ts';

/** A row of the state table that the API reads: the last state of an agent that has arrived there. */
export interface Row extends AgentState {
  agent: Agent;
  isActive: boolean;
  sessionSinceMs?: number;
  /** Start of the present state. */
  startMs: number;
  /** Time of the last write, which `updatedSince` compares with. */
  lastUpdateMs: number;
}

/**
 * The state table. It is not a log: of two changes that arrive together only the later one is seen. A row is stamped
 * when it is written, not when the agent changed, so that a delta misses nothing, unless a fault hides it.
 */
export class Feed {
  readonly #rowOf: Map<Agent, Row>;
  readonly #writing = new Set<Agent>();
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #faults: Faults;
  readonly #timings: Timings;
  readonly #truth: (agent: Agent) => Stamped;
  #readMs = 0;

  /** @param truth reads an agent's state and its start */
  constructor(
    agents: Agent[],
    truth: (agent: Agent) => Stamped,
    parts: { seed: number; clock: Clock; timers: Timers; faults: Faults; timings: Timings },
  ) {
    this.#truth = truth;
    this.#random = new Random(parts.seed);
    this.#clock = parts.clock;
    this.#timers = parts.timers;
    this.#faults = parts.faults;
    this.#timings = parts.timings;
    const lastUpdateMs = this.#clock.nowMs();
    this.#rowOf = new Map(agents.map((agent) => [agent, { agent, ...this.#read(agent), lastUpdateMs }]));
  }

  /** By agent id. */
  get rows(): Row[] {
    return [...this.#rowOf.values()];
  }

  /** A request has read everything up to `nowMs`. Later writes get a later time; the next delta would miss them otherwise. */
  readUpTo(nowMs: number): void {
    this.#readMs = Math.max(this.#readMs, nowMs);
  }

  row(agent: Agent): Row | undefined {
    return this.#rowOf.get(agent);
  }

  /** The longest time until a change is seen, in ms; null while a fault may keep it longer. */
  withinMs(): number | null {
    const { lateRows, lateMs, hideRows } = this.#faults.settings;
    if (hideRows > 0) return null;
    return this.#timings.lagToMs + (lateRows > 0 ? lateMs : 0);
  }

  /** The agent has changed; the row follows. */
  changed(agent: Agent): void {
    if (this.#writing.has(agent)) return;
    const { settings } = this.#faults;
    const changedMs = this.#clock.nowMs();
    const { lagFromMs, lagToMs } = this.#timings;
    const lagMs = this.#random.between(lagFromMs, lagToMs);
    const isHidden = this.#faults.strikes('hideRows');
    const lateMs = isHidden ? settings.hideMs : this.#faults.strikes('lateRows') ? settings.lateMs : 0;
    if (lagMs + lateMs < 1) {
      this.#write(agent, this.#nextMs());
      return;
    }
    this.#writing.add(agent);
    this.#timers.after(lagMs + lateMs, () => {
      this.#writing.delete(agent);
      this.#write(agent, isHidden ? changedMs : this.#nextMs());
    });
  }

  #nextMs(): number {
    return Math.max(this.#clock.nowMs(), this.#readMs + 1);
  }

  #write(agent: Agent, atMs: number): void {
    const beforeMs = this.#rowOf.get(agent)?.lastUpdateMs ?? 0;
    this.#rowOf.set(agent, { agent, ...this.#read(agent), lastUpdateMs: Math.max(atMs, beforeMs + 1) });
  }

  #read(agent: Agent): Omit<Row, 'lastUpdateMs' | 'agent'> {
    const { state, startMs } = this.#truth(agent);
    return { ...state, startMs, isActive: agent.isActive, sessionSinceMs: agent.sessionSinceMs };
  }
}
