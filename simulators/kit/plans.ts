import type { Timers } from './timers.ts';

/** An agent's next action of their own. */
interface Plan {
  act: () => void;
  /** Whether it fell due while life was paused. */
  due: boolean;
  cancel: () => void;
}

/** The next action of each agent. While life is paused nothing new begins. */
export class Plans<Who> {
  readonly #timers: Timers;
  readonly #plans = new Map<Who, Plan>();
  #paused = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
  }

  /** Goes on, and does at once what fell due during the pause. */
  resume(): void {
    this.#paused = false;
    for (const [who, plan] of [...this.#plans]) if (plan.due) this.#carryOut(who, plan);
  }

  /** Plans an action; it replaces an earlier one. */
  make(who: Who, inMs: number, act: () => void): void {
    this.#plans.get(who)?.cancel();
    const cancel = this.#timers.after(inMs, () => {
      if (this.#paused) plan.due = true;
      else this.#carryOut(who, plan);
    });
    const plan: Plan = { act, due: false, cancel };
    this.#plans.set(who, plan);
  }

  drop(who: Who): void {
    this.#plans.get(who)?.cancel();
    this.#plans.delete(who);
  }

  #carryOut(who: Who, plan: Plan): void {
    this.#plans.delete(who);
    plan.act();
  }
}
