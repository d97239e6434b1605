/** A number that was measured, and what it should be. */
export interface Target {
  /** Unique among all targets. The unit is in it. */
  name: string;
  /** For people, e.g. `≤ 1.4`. */
  target: string;
  /** Not a number if it could not be measured; the target is missed then. */
  measured: number;
  ok: boolean;
}

export function atMost(name: string, limit: number, measured: number): Target {
  return { name, target: `≤ ${limit}`, measured, ok: measured <= limit };
}

export function atLeast(name: string, limit: number, measured: number): Target {
  return { name, target: `≥ ${limit}`, measured, ok: measured >= limit };
}
