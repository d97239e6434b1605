import type { Stage } from './stage.ts';

/** A fault, told as a story against a local world made for it: arrange, cut, observe, heal, prove. */
export interface Drill {
  name: string;
  /** What it proves, in one sentence. */
  proves: string;
  /** Plays it. The first step that fails ends it. */
  run(stage: Stage): Promise<void>;
}
