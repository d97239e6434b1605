/** What a step waited for did not come, or something is not as it must be. The message is for people. */
export class Unmet extends Error {}

/** @throws Unmet saying what must hold */
export function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Unmet(what);
}
