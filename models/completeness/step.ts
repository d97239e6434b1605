import type { State } from './state.ts';

export interface Step {
  /** `change`: the world goes on. `fault`: something is lost or repeated. `work`: what goes on when both have ended. */
  kind: 'change' | 'work' | 'fault';
  /** For a story. */
  text: string;
  next: State;
}
