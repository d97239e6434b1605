import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference, digestOf, isLacking, registersOf, replacePart } from '../../models/completeness/registers.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { merge, withoutCovered } from '../../src/agent/merge.ts';
import { facets } from '../agent/arbitrary.ts';

/** What digests and lists are about. */
const told = ({ claim, digitalClaims, lastSecond, ...rest }: Facets): Facets => withoutCovered(rest, rest.forgotten);

const agent = facets.map(told);

describe('what is lacking', () => {
  it('is what merging would change', () => {
    fc.assert(
      fc.property(agent, agent, (held, listed) => {
        const { facets: merged } = merge(held, listed);
        const changes = JSON.stringify(merged) !== JSON.stringify(held);
        expect(isLacking(registersOf(held), registersOf(listed))).toBe(changes);
      }),
      { numRuns: 1000 },
    );
  });

  it('is nothing after what is lacking was merged, and the other way round', () => {
    fc.assert(
      fc.property(agent, agent, (here, there) => {
        const both = registersOf(merge(here, there).facets);
        expect(isLacking(both, registersOf(there))).toBe(false);
        expect(isLacking(both, registersOf(here))).toBe(false);
      }),
    );
  });

  it('is found among many, on both sides', () => {
    const at = (ms: number) => registersOf({ presence: { state: 'ON_DUTY', at: ms, id: `e${ms}` } });
    const held = new Map([
      ['same', at(1)],
      ['newer', at(2)],
      ['older', at(1)],
      ['only here', at(1)],
    ]);
    const listed = new Map([
      ['only there', at(1)],
      ['same', at(1)],
      ['newer', at(1)],
      ['older', at(2)],
    ]);
    expect(difference(held, listed)).toEqual({ lacking: ['older', 'only there'], beyond: ['newer', 'only here'] });
  });
});

describe('digests', () => {
  it('agree exactly when neither side lacks anything', () => {
    fc.assert(
      fc.property(agent, agent, (here, there) => {
        const [ours, theirs] = [registersOf(here), registersOf(there)];
        const isSame = !isLacking(ours, theirs) && !isLacking(theirs, ours);
        expect(digestOf('x', ours) === digestOf('x', theirs)).toBe(isSame);
      }),
      { numRuns: 1000 },
    );
  });

  it('do not depend on claims, or on what only the home has', () => {
    fc.assert(
      fc.property(facets, (all) => {
        const { claim, digitalClaims, lastSecond, ...rest } = all;
        expect(digestOf('x', registersOf(rest))).toBe(digestOf('x', registersOf(all)));
      }),
    );
  });

  it('are 48 bits, and are kept up by replacing parts', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('x', 'y'), agent), { maxLength: 6 }), (events) => {
        const parts: Record<string, number> = {};
        let digest = 0;
        for (const [id, change] of events) {
          const part = digestOf(id, registersOf(change));
          digest = replacePart(digest, parts[id] ?? 0, part);
          parts[id] = part;
          expect(Number.isSafeInteger(part) && part >= 0 && part < 2 ** 48).toBe(true);
        }
        expect(digest).toBe(((parts.x ?? 0) + (parts.y ?? 0)) % 2 ** 48);
      }),
    );
  });
});
