import type { FacetVersion, FacetVersions } from '../ops/history-line.ts';

/** States of a claim in their only possible order. */
const STAGES = ['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'];

/** Negative if `b` is the higher version. */
export function compareFacet(facet: string, a: FacetVersion, b: FacetVersion): number {
  if (facet === 'claim' || facet.startsWith('claim/')) return compareClaims(a, b);
  return compare(a, b);
}

/** With the same fence the home's claim is higher than a delegated grant. */
function compareClaims(a: FacetVersion, b: FacetVersion): number {
  return compare(a.slice(0, 1), b.slice(0, 1)) || compareGranters(a[4], b[4]) || compare(staged(a), staged(b));
}

function compareGranters(a: FacetVersion[number] | undefined, b: FacetVersion[number] | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? 1 : -1;
}

function staged([fence = 0, state = '', ...rest]: FacetVersion): FacetVersion {
  return [fence, STAGES.indexOf(String(state)), ...rest];
}

function compare(a: FacetVersion, b: FacetVersion): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i] ?? '', b[i] ?? ''];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Lowest version that a region is known to hold. */
interface Held {
  version: FacetVersion;
  /** When it became known, in ms of `t`. */
  t: number;
  place: string;
}

/** The highest version of every facet of every agent that each region is known to hold. */
export class Registers {
  readonly #held = new Map<string, Map<string, Held>>();

  of(region: string, agent: string, facet: string): Held | undefined {
    return this.#held.get(`${region}\n${agent}`)?.get(facet);
  }

  raise(region: string, agent: string, versions: FacetVersions, t: number, place: string): void {
    const key = `${region}\n${agent}`;
    const facets = this.#held.get(key) ?? new Map<string, Held>();
    this.#held.set(key, facets);
    for (const facet in versions) {
      const version = versions[facet];
      const held = facets.get(facet);
      if (version && (!held || compareFacet(facet, version, held.version) > 0))
        facets.set(facet, { version, t, place });
    }
  }

  /** Whether the region holds every one of these versions or a higher one. */
  cover(region: string, agent: string, versions: FacetVersions): boolean {
    const facets = this.#held.get(`${region}\n${agent}`);
    return Object.entries(versions).every(([facet, version]) => {
      const held = facets?.get(facet);
      return held !== undefined && compareFacet(facet, held.version, version) >= 0;
    });
  }
}
