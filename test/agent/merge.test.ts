import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { facets } from './arbitrary.ts';

const join = (a: Facets, b: Facets): Facets => merge(a, b).facets;

describe('merging facets', () => {
  it('is commutative', () => {
    fc.assert(
      fc.property(facets, facets, (a, b) => {
        expect(join(a, b)).toEqual(join(b, a));
      }),
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(facets, facets, facets, (a, b, c) => {
        expect(join(join(a, b), c)).toEqual(join(a, join(b, c)));
      }),
    );
  });

  it('is idempotent, and calls a repeated change a duplicate', () => {
    fc.assert(
      fc.property(facets, facets, (a, b) => {
        const once = merge(a, b);
        const twice = merge(once.facets, b);
        expect(twice.facets).toEqual(once.facets);
        expect(twice.outcome).not.toBe('applied');
      }),
    );
  });

  it('yields the same agent for the same events in any order, with any duplicates', () => {
    const events = fc.array(facets, { maxLength: 8 });
    const shuffled = events.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list, ...list], { minLength: list.length * 2 })),
    );
    fc.assert(
      fc.property(shuffled, ([inOrder, disorder]) => {
        expect(disorder.reduce(join, {})).toEqual(inOrder.reduce(join, {}));
      }),
    );
  });

  it('ignores an outdated event', () => {
    fc.assert(
      fc.property(facets, (a) => {
        const stale: Facets = {};
        if (a.presence) stale.presence = { ...a.presence, at: a.presence.at - 1, state: 'OFF_DUTY' };
        if (a.activity) stale.activity = { ...a.activity, at: a.activity.at - 1, state: 'IDLE' };
        if (a.claim) stale.claim = { ...a.claim, fence: a.claim.fence - 1, state: 'ENDED' };
        const merged = merge(a, stale);
        expect(merged).toEqual({ facets: a, changed: [], outcome: 'outdated' });
      }),
    );
  });

  it('keeps the latest completion time, whichever claim is the newest', () => {
    const claim = { state: 'ENDED', untilMs: 0, callId: 'x', queue: 'q' } as const;
    const completed: Facets = { claim: { ...claim, fence: 5, completedAtMs: 900 } };
    const next: Facets = { claim: { ...claim, fence: 6, state: 'HELD', completedAtMs: 0 } };
    expect(join(completed, next).claim).toMatchObject({ fence: 6, state: 'HELD', completedAtMs: 900 });
  });
});
