import type { Measured } from './summary.ts';
import type { Target } from './targets.ts';
import type { World } from './world.ts';

export interface Settings {
  /** Measured time of each contestant of a comparison, in s. */
  seconds: number;
  /** Fewer depths. */
  isQuick: boolean;
}

/** A comparison, and how to read it. */
export interface Topic {
  name: string;
  /** Not measured unless it is named, because it takes minutes. */
  isOnlyIfNamed?: boolean;
  measure(world: World, settings: Settings): Promise<Finding[]>;
}

export interface Finding {
  /** A short name that stays the same. */
  scenario: string;
  /** What was measured, for people. */
  title: string;
  /** The unit of p50 and p99, if it is not one operation. */
  per?: string;
  rows: Measured[];
  /** How to read it. */
  reading: string;
  targets: Target[];
}

/** Numbers of operations in flight at which walks of a queue are compared. */
export const depthsOf = ({ isQuick }: Settings): number[] => (isQuick ? [1, 64] : [1, 16, 64, 256]);
