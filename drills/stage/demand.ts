/** A condition did not come true in time, or does not hold. The message is for people. */
export class Unmet extends Error {}

/** @throws Unmet saying what must hold */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Unmet(what);
}
