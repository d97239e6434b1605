import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { difference, digestOf, type Registers, registersOf } from './registers.ts';

/**
 * What one store holds of the two agents of the model: 3 × the version of `a` + the version of `b`, versions 0 (nothing) to 2.
 * Tables made by the product's own merge say what joining and comparing two of them gives.
 */
export type Vector = number;

export const AGENTS = ['a', 'b'] as const;
export const NEWEST = 2;
const VECTORS = (NEWEST + 1) ** AGENTS.length;
const PLACE = [NEWEST + 1, 1];

export const versionOf = (vector: Vector, agent: number): number =>
  Math.floor(vector / (PLACE[agent] as number)) % (NEWEST + 1);

export const withVersion = (vector: Vector, agent: number, version: number): Vector =>
  vector + (version - versionOf(vector, agent)) * (PLACE[agent] as number);

/** E.g. `a2 b0`; of some agents only, with a mask. */
export const named = (vector: Vector, mask = ~0): string =>
  AGENTS.flatMap((name, agent) => (hasAgent(mask, agent) ? [`${name}${versionOf(vector, agent)}`] : [])).join(' ');

const facetsOf = (version: number): Facets =>
  version === 0 ? {} : { presence: { state: 'ON_DUTY', at: version * 1000, id: `event-${version}` } };

const heldIn = (vector: Vector): Map<string, Registers> =>
  new Map(AGENTS.map((name, agent) => [name, registersOf(facetsOf(versionOf(vector, agent)))]));

const joined = (x: Vector, y: Vector): Vector =>
  AGENTS.reduce((vector, _, agent) => {
    const { facets } = merge(facetsOf(versionOf(x, agent)), facetsOf(versionOf(y, agent)));
    return withVersion(vector, agent, (facets.presence?.at ?? 0) / 1000);
  }, 0);

const maskOf = (ids: readonly string[]): number =>
  AGENTS.reduce((mask, name, agent) => mask + (ids.includes(name) ? 1 << agent : 0), 0);

const each = Array.from({ length: VECTORS }, (_, vector) => vector);
const JOINED = each.map((x) => each.map((y) => joined(x, y)));
const LACKING = each.map((held) => each.map((listed) => maskOf(difference(heldIn(held), heldIn(listed)).lacking)));
const DIGESTS = each.map((vector) =>
  [...heldIn(vector)].reduce((sum, [id, registers]) => (sum + digestOf(id, registers)) % 2 ** 48, 0),
);

/** The agent whose newest version is a tombstone, in protocols that remove tombstones. */
export const FORGOTTEN = 1;

export const withoutTombstone = (vector: Vector): Vector =>
  versionOf(vector, FORGOTTEN) === NEWEST ? withVersion(vector, FORGOTTEN, 0) : vector;

/** Both merged. */
export const join = (x: Vector, y: Vector): Vector => (JOINED[x] as number[])[y] as number;

/** Agents of whom `listed` has something that `held` lacks, as bits. */
export const lacking = (held: Vector, listed: Vector): number => (LACKING[held] as number[])[listed] as number;

export const digest = (vector: Vector): number => DIGESTS[vector] as number;

export const hasAgent = (mask: number, agent: number): boolean => (mask & (1 << agent)) !== 0;

/** The vector with nothing of the agents that are not in the mask. */
export const only = (vector: Vector, mask: number): Vector =>
  AGENTS.reduce((kept, _, agent) => (hasAgent(mask, agent) ? kept : withVersion(kept, agent, 0)), vector);

/** One agent of `from`, joined into `to`. */
export const joinAgent = (to: Vector, from: Vector, agent: number): Vector => join(to, only(from, 1 << agent));
