import type { Problem } from '../api/problems/problem-answers.ts';
import type { ProblemCode } from '../api/problems/problems.ts';

/** Muster answered with a problem. `is` tells which, and so what else it says. */
export class MusterProblem extends Error {
  override name = 'MusterProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.problem = problem;
  }

  is<C extends ProblemCode>(code: C): this is { problem: Problem<C> } {
    return this.problem.code === code;
  }
}

/** Nobody answered in time, or it was not Muster. What was asked may have been done. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
}
