import type { Stage } from './stage.ts';

/** A fault, played in a local world of its own: arrange, break, observe, heal, prove. */
export interface Drill {
  name: string;
  /** What it proves, in one sentence. */
  proves: string;
  /** Plays it. The first failed step ends it. */
  run(stage: Stage): Promise<void>;
}
