import {
  compareTexts,
  compareVersionKeys,
  type Facets,
  interactionsOf,
  type Version,
  type VersionKey,
  versionKeyOf,
} from '../../src/agent/facets.ts';
import { isCovered } from '../../src/agent/merge.ts';

/**
 * The versions of an agent's registers, without their values: what digests and lists are made of. Merging decides by
 * versions alone, so two regions whose registers have the same versions hold the same agent.
 *
 * Claims are left out: a region learns the end of a lock from its own clock. `lastSecond` is left out: only the home has it.
 */
export interface Registers {
  /** By name of the register: a facet, or one interaction. */
  versions: Map<string, VersionKey>;
  /** The interaction floor, in platform ms; 0 for none. */
  floor: number;
}

const SIMPLE = ['forgotten', 'profile', 'presence', 'activity'] as const;

/** The registers of an agent. */
export function registersOf(facets: Facets): Registers {
  const versions = new Map<string, VersionKey>();
  for (const name of SIMPLE) {
    const facet: (Version & { state?: string }) | undefined = facets[name];
    if (facet) versions.set(name, versionKeyOf(facet));
  }
  for (const one of interactionsOf(facets)) versions.set(`interaction/${one.callId}`, versionKeyOf(one));
  return { versions, floor: facets.interactions?.forgottenBefore ?? 0 };
}

/**
 * Whether somebody who holds `held` lacks something that is listed: whether merging it would change anything. What the
 * holder's tombstone or floor covers is not lacking, although no register holds it.
 */
export function isLacking(held: Registers, listed: Registers): boolean {
  if (listed.floor > held.floor) return true;
  const tombstone = held.versions.get('forgotten');
  for (const [name, version] of listed.versions) {
    if (name !== 'forgotten' && isCovered(tombstone, version)) continue;
    if (name.startsWith('interaction/') && version.at < held.floor) continue;
    const own = held.versions.get(name);
    if (!own || compareVersionKeys(version, own) > 0) return true;
  }
  return false;
}

const DIGEST_MODULUS = 2 ** 48;

/**
 * An agent's part of the digest of its home and partition: an integer below 2^48. The digest is the sum of the parts modulo
 * 2^48, so a change costs one subtraction and one addition.
 */
export function digestOf(agentId: string, { versions, floor }: Registers): number {
  let sum = 0;
  const add = (...parts: (string | number)[]): void => {
    sum = (sum + hash48(JSON.stringify([agentId, ...parts]))) % DIGEST_MODULUS;
  };
  for (const [name, { at, unavailability, id }] of versions) add(name, at, unavailability, id);
  if (floor > 0) add('floor', floor);
  return sum;
}

/** The digest after an agent's part was replaced by another. */
export const replacePart = (digest: number, before: number, after: number): number =>
  (digest - before + after + DIGEST_MODULUS) % DIGEST_MODULUS;

/** Two rounds of 32-bit multiplication, cut to 48 bits. Texts come from our own versions, so nobody chooses collisions. */
function hash48(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (high & 0xffff) * 2 ** 32 + (low >>> 0);
}

/** What a comparison with the home's list found: agent ids in order. */
interface Difference {
  /** Agents of whom the home lists something newer: to be pulled, and passed over until then. */
  lacking: string[];
  /** Agents of whom something newer is held here than is listed: to be sent to the home. */
  beyond: string[];
}

/** Compares what is held of a home's agents with the home's list. An agent can be in both parts. */
export function difference(held: ReadonlyMap<string, Registers>, listed: ReadonlyMap<string, Registers>): Difference {
  const ids = [...new Set([...held.keys(), ...listed.keys()])].sort(compareTexts);
  const here = (id: string): Registers => held.get(id) ?? NOTHING;
  const there = (id: string): Registers => listed.get(id) ?? NOTHING;
  return {
    lacking: ids.filter((id) => isLacking(here(id), there(id))),
    beyond: ids.filter((id) => isLacking(there(id), here(id))),
  };
}

const NOTHING: Registers = { versions: new Map(), floor: 0 };
