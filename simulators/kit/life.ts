import type { Habits } from './options.ts';
import { Plans } from './plans.ts';
import type { Random } from './random.ts';
import { Talks } from './talks.ts';
import type { Timers } from './timers.ts';

/** The working day of every agent, on timers. A platform's own says what agents do with interactions. */
export abstract class Life<Agent extends { readonly random: Random }> {
  protected readonly timers: Timers;
  protected readonly plans: Plans<Agent>;
  protected readonly talks: Talks;
  readonly #habits: Habits;

  constructor(habits: Habits, timers: Timers) {
    this.#habits = habits;
    this.timers = timers;
    this.plans = new Plans(timers);
    this.talks = new Talks(timers);
  }

  /** Starts the day: most agents log in soon, some much later. */
  start(agents: readonly Agent[]): void {
    const { absentAtStart, shiftGapMs, loginWithinMs } = this.#habits;
    for (const agent of agents) {
      const { random } = agent;
      const isAbsent = random.chance(absentAtStart);
      const inMs = isAbsent ? random.around(shiftGapMs) : random.between(0, loginWithinMs);
      this.plans.make(agent, inMs, () => this.logIn(agent));
    }
  }

  /** Agents start nothing new; running interactions go on to their end. */
  pause(): void {
    this.plans.pause();
  }

  /** Goes on, and does at once what fell due during the pause. */
  resume(): void {
    this.plans.resume();
  }

  /** Customers who have been answered hang up now. */
  hangUp(): void {
    this.talks.hangUp();
  }

  /** Drops what the agent was going to do next: their state has been set from outside. */
  leaveAlone(agent: Agent): void {
    this.plans.drop(agent);
  }

  /** A shift begins. */
  protected abstract logIn(agent: Agent): void;
}
