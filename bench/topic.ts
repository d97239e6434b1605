import type { Measured } from './compare.ts';
import type { World } from './world.ts';

export interface Settings {
  /** Time on the clock for each contestant of a comparison. */
  seconds: number;
}

/** Something that is measured, and how to read it. */
export interface Topic {
  name: string;
  /** Only with `--large`. */
  isLarge?: boolean;
  measure(world: World, settings: Settings): Promise<Finding[]>;
}

export interface Finding {
  title: string;
  /** What p50 and p99 are of, where it is not one unit. */
  per?: string;
  rows: Measured[];
  /** How to read it. */
  reading: string;
}
