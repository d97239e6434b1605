import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, interactionsOf } from '../../src/agent/facets.ts';
import {
  facetsBehind,
  isExpired,
  isForgotten,
  lastReportMs,
  merge,
  requiredVersionsOf,
  withoutCovered,
} from '../../src/agent/merge.ts';
import { reconcile } from '../../src/agent/reconcile.ts';
import { statusOf } from '../../src/agent/status.ts';
import { facets } from './arbitrary.ts';

const join = (...all: Facets[]): Facets => all.reduce((known, change) => merge(known, change).facets, {});
const DAY_MS = 86_400_000;
const word = (at: number) => ({ at, id: `word-${at}` });
const onDuty = (at: number): Facets => ({
  profile: { name: 'Ann', queues: [], skills: {}, tenureDays: 0, ...word(at) },
  presence: { state: 'ON_DUTY', ...word(at) },
  activity: { state: 'IDLE', ...word(at) },
});
const gone = (at: number): Facets => ({ forgotten: word(at) });
const claim = { fence: 7, state: 'ENDED', untilMs: 0, callId: 'c', queue: 'q', completedAtMs: 0 } as const;
const everything = fc.array(facets, { minLength: 1, maxLength: 6 });

describe('a tombstone', () => {
  it('covers all reports up to its time, in any order, and no later ones', () => {
    fc.assert(
      fc.property(everything, fc.integer({ min: 999, max: 1_007 }), fc.nat(6), (said, at, place) => {
        const order = [...said.slice(0, place), gone(at), ...said.slice(place)];
        const known = join(...order);
        const { profile, presence, activity } = known;
        for (const each of [profile, presence, activity, ...interactionsOf(known)]) {
          if (each) expect(each.at).toBeGreaterThan(at);
        }
        const tombstone = known.forgotten?.at ?? 0;
        const later = said.map((each) => withoutCovered(each, word(Math.max(at, tombstone))));
        expect({ ...join(...later), forgotten: known.forgotten }).toEqual(known);
      }),
    );
  });

  it('does not cover claims, so fences never decrease', () => {
    fc.assert(
      fc.property(everything, (said) => {
        const { claim: held, digitalClaims } = join(...said);
        expect(join(...said, gone(2_000))).toMatchObject({
          ...(held && { claim: held }),
          ...(digitalClaims && { digitalClaims }),
        });
      }),
    );
  });

  it('makes late reports outdated, and a report after it brings the agent back', () => {
    const forgotten = join(onDuty(1_000), { claim }, gone(2_000));
    expect(isForgotten(forgotten)).toBe(true);
    expect(statusOf(forgotten, 3_000)).toEqual({ status: 'OFFLINE', reason: 'FORGOTTEN' });
    expect(merge(forgotten, onDuty(2_000))).toEqual({ facets: forgotten, changed: [], outcome: 'outdated' });
    const back = join(forgotten, onDuty(2_001));
    expect(isForgotten(back)).toBe(false);
    expect(statusOf(back, 3_000)).toEqual({ status: 'AVAILABLE' });
    expect(back.claim?.fence).toBe(7);
  });

  it('is required by a read after it, and facets that it covers are not', () => {
    expect(facetsBehind(onDuty(1_000), requiredVersionsOf(gone(2_000)))).toEqual(['forgotten']);
    expect(facetsBehind(gone(2_000), requiredVersionsOf({ ...onDuty(1_000), ...gone(1_500) }))).toEqual([]);
  });
});

describe('an agent without reports', () => {
  it('is expired when off duty since the cutoff', () => {
    const left: Facets = { ...onDuty(1_000), presence: { state: 'OFF_DUTY', ...word(5_000) } };
    expect(lastReportMs(left)).toBe(5_000);
    expect(isExpired(left, 4_999)).toBe(false);
    expect(isExpired(left, 5_000)).toBe(true);
    expect(isExpired({ profile: left.profile as NonNullable<Facets['profile']> }, 5_000)).toBe(false);
    expect(isExpired({ lastSecond: { at: 1_000, ids: ['x'] } }, 5_000)).toBe(false);
    expect(isExpired(onDuty(1_000), 5_000)).toBe(false);
    expect(isExpired(join(left, gone(6_000)), 7_000)).toBe(false);
  });
});

describe('a read of a forgotten agent', () => {
  const readAtMs = 100 * DAY_MS;
  const forgotten = gone(90 * DAY_MS);

  it('changes nothing if the platform does not have the agent any more', () => {
    const presence = { state: 'OFF_DUTY', reason: 'INACTIVE', ...word(readAtMs) } as const;
    expect(reconcile(forgotten, { facets: { presence }, isGone: true }, readAtMs).differences).toEqual([]);
  });

  it('overrules the tombstone if the platform has the agent, and then agrees', () => {
    const told = { facets: onDuty(80 * DAY_MS) };
    const back = join(forgotten, reconcile(forgotten, told, readAtMs).facets);
    expect(back).toMatchObject({ profile: { at: readAtMs }, presence: { at: readAtMs, state: 'ON_DUTY' } });
    expect(reconcile(back, told, readAtMs + 60_000).differences).toEqual([]);
  });
});
