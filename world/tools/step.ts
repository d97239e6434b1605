/** Hears how far a step is, in words. */
export type Tell = (progress: string) => void;

/** One part of a longer work, for a list that shows how far it is. The parts of a group run at the same time. */
export type Step = { title: string } & ({ run(tell: Tell): Promise<void> } | { together: Step[] });

/** Takes one step after the other. @throws the first error, once everything that ran beside it has ended */
export async function takeSteps(steps: Step[]): Promise<void> {
  for (const step of steps) {
    if ('run' in step) await step.run(() => undefined);
    else await takeTogether(step.together);
  }
}

async function takeTogether(steps: Step[]): Promise<void> {
  const results = await Promise.allSettled(steps.map((step) => takeSteps([step])));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** Makes steps that can be called off, and knows which of them run. */
export class Construction {
  readonly #calledOff: AbortSignal | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor(calledOff: AbortSignal | undefined) {
    this.#calledOff = calledOff;
  }

  step(title: string, run: (tell: Tell) => Promise<void>): Step {
    const start = async (tell: Tell): Promise<void> => {
      this.#calledOff?.throwIfAborted();
      const step = run(tell);
      this.#underWay.add(step);
      await step.finally(() => this.#underWay.delete(step));
    };
    return { title, run: start };
  }

  /** Resolves when no step runs any more, however it ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
