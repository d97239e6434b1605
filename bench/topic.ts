import type { Measured } from './compare.ts';
import type { World } from './world.ts';

export interface Settings {
  /** Measured time of each contestant of a comparison, in s. */
  seconds: number;
}

/** A comparison, and how to read it. */
export interface Topic {
  name: string;
  /** Only with `--large`. */
  isLarge?: boolean;
  measure(world: World, settings: Settings): Promise<Finding[]>;
}

export interface Finding {
  title: string;
  /** The unit of p50 and p99, if it is not one operation. */
  per?: string;
  rows: Measured[];
  /** How to read it. */
  reading: string;
}
