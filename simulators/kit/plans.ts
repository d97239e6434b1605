import type { Timers } from './timers.ts';

/** What somebody will do next of their own accord. */
interface Plan {
  act: () => void;
  /** Its time came while life was paused. */
  due: boolean;
  cancel: () => void;
}

/** What everybody means to do next, one thing each. While life is paused nothing new begins. */
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

  /** Goes on; whatever fell due meanwhile happens now. */
  resume(): void {
    this.#paused = false;
    for (const [who, plan] of [...this.#plans]) if (plan.due) this.#carryOut(who, plan);
  }

  /** Takes the place of what they meant to do before. */
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
