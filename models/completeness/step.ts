import type { State } from './state.ts';

export interface Step {
  /**
   * `change`: the world goes on. `fault`: something is lost or repeated. `removal`: a store removes what is forgotten. `work`: what
   * goes on when all these have ended.
   */
  kind: 'change' | 'work' | 'fault' | 'removal';
  /** For a story. */
  text: string;
  next: State;
}
