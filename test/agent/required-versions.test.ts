import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareClaims, type Facets } from '../../src/agent/facets.ts';
import { facetsBehind, merge, requiredVersionsOf } from '../../src/agent/merge.ts';
import { facets } from './arbitrary.ts';

/** Nobody who writes waits for what is forgotten. */
function withoutFloor({ interactions, ...others }: Facets): Facets {
  const byCall = interactions?.byCall ?? {};
  return { ...others, ...(Object.keys(byCall).length > 0 && { interactions: { byCall } }) };
}

describe('the required versions of a write', () => {
  it('are reached once the write is merged, and stay reached', () => {
    fc.assert(
      fc.property(facets, facets, facets, (before, write, later) => {
        const merged = merge(before, write).facets;
        expect(facetsBehind(merged, requiredVersionsOf(write))).toEqual([]);
        expect(facetsBehind(merge(merged, later).facets, requiredVersionsOf(write))).toEqual([]);
      }),
    );
  });

  it('lack exactly the reported facets that the write would still change', () => {
    fc.assert(
      fc.property(facets, facets, (held, { claim: _, digitalClaims: _too, ...reported }) => {
        const write = withoutFloor(reported);
        const would = merge(held, write).changed;
        expect(facetsBehind(held, requiredVersionsOf(write))).toEqual(would);
      }),
    );
  });

  it('compare claims by fence, then state, then end of the lock', () => {
    fc.assert(
      fc.property(facets, facets, ({ claim: held }, { claim: wanted }) => {
        fc.pre(wanted !== undefined);
        const required = requiredVersionsOf({ claim: wanted });
        const isReached = held !== undefined && compareClaims(held, { ...wanted, callId: held.callId }) >= 0;
        expect(facetsBehind(held ? { claim: held } : {}, required)).toEqual(isReached ? [] : ['claim']);
      }),
    );
  });

  it('are none for an empty write, and all lacking for an unknown agent', () => {
    fc.assert(
      fc.property(facets, (any) => {
        const write = withoutFloor(any);
        expect(facetsBehind(write, {})).toEqual([]);
        expect(facetsBehind({}, requiredVersionsOf(write)).sort()).toEqual(Object.keys(write).sort());
      }),
    );
  });
});
