/** Called with the progress of a step, in words. */
export type OnProgress = (progress: string) => void;

/** A step of a longer task, for a list that shows progress. The steps of a group run at the same time. */
export type Step = { title: string } & ({ run(onProgress: OnProgress): Promise<void> } | { together: Step[] });

/** Runs one step after the other. @throws the first error, once all steps of its group have ended */
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

/** Makes steps that can be cancelled, and knows which of them run. */
export class Construction {
  readonly #calledOff: AbortSignal | undefined;
  readonly #underWay = new Set<Promise<void>>();

  constructor(calledOff: AbortSignal | undefined) {
    this.#calledOff = calledOff;
  }

  step(title: string, run: (onProgress: OnProgress) => Promise<void>): Step {
    const start = async (onProgress: OnProgress): Promise<void> => {
      this.#calledOff?.throwIfAborted();
      const step = run(onProgress);
      this.#underWay.add(step);
      await step.finally(() => this.#underWay.delete(step));
    };
    return { title, run: start };
  }

  /** Resolves when no step runs any more. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }
}
