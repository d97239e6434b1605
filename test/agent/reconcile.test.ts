import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, interactionsFacet, interactionsOf } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { type AgentAsRead, OVERRULE_AFTER_MS, reconcile } from '../../src/agent/reconcile.ts';
import { liveInteractions } from '../../src/agent/status.ts';
import { facets } from './arbitrary.ts';

/** Everything in these tests happened around second 1; a platform is read soon after, or much later. */
const soonMs = fc.integer({ min: 1_007, max: 1_020 });
const lateMs = fc.integer({ min: 1_007 + OVERRULE_AFTER_MS, max: 1_020 + OVERRULE_AFTER_MS });
const READ = ['profile', 'presence', 'activity'] as const;

const readings = fc.record({ facets, isUnoccupied: fc.boolean() }).map(
  ({ facets: { claim: _claim, forgotten: _forgotten, ...read }, isUnoccupied }): AgentAsRead => ({
    facets: read,
    isUnoccupied,
  }),
);
const held = fc.option(facets, { nil: undefined });
const afterwards = (before: Facets | undefined, told: AgentAsRead, atMs: number): Facets =>
  merge(before ?? {}, reconcile(before, told, atMs).facets).facets;
const contentOf = (facet: object | undefined): object => ({ ...facet, at: 0, id: '' });

describe('reconciling, whatever is held and read', () => {
  it('is done after one time: the same reading then finds nothing', () => {
    fc.assert(
      fc.property(held, readings, fc.oneof(soonMs, lateMs), (before, told, atMs) => {
        expect(reconcile(afterwards(before, told, atMs), told, atMs).differences).toEqual([]);
      }),
    );
  });

  it('accepts nothing that a merge would drop, and names each facet that it accepts', () => {
    fc.assert(
      fc.property(held, readings, fc.oneof(soonMs, lateMs), (before, told, atMs) => {
        const { facets: accepted, differences } = reconcile(before, told, atMs);
        expect(new Set(merge(before ?? {}, accepted).changed)).toEqual(new Set(differences));
        expect(differences).toEqual(Object.keys(accepted));
      }),
    );
  });

  it('makes the store say what the platform said, once nothing has been heard for a minute', () => {
    fc.assert(
      fc.property(held, readings, lateMs, (before, told, atMs) => {
        // What is said anew as of the reading has been heard just now; the next reading overrules it.
        const floor = Math.max(before?.interactions?.forgottenBefore ?? 0, (before?.forgotten?.at ?? -1) + 1);
        fc.pre(interactionsOf(told.facets).every(({ at }) => at >= floor));
        const result = afterwards(before, told, atMs);
        for (const name of READ) {
          if (told.facets[name]) expect(contentOf(result[name])).toEqual(contentOf(told.facets[name]));
        }
      }),
    );
  });

  it('overrules nothing that was heard within a minute', () => {
    fc.assert(
      fc.property(held, readings, soonMs, (before, told, atMs) => {
        const { facets: accepted, overruled } = reconcile(before, told, atMs);
        expect(overruled).toBe(0);
        for (const name of READ) if (accepted[name]) expect(accepted[name]).toEqual(told.facets[name]);
      }),
    );
  });

  it('leaves alone what the reading does not tell of', () => {
    fc.assert(
      fc.property(facets, readings, fc.oneof(soonMs, lateMs), (before, told, atMs) => {
        const result = afterwards(before, told, atMs);
        for (const name of [...READ, 'claim'] as const) {
          if (!(name in told.facets)) expect(result[name]).toEqual(before[name]);
        }
      }),
    );
  });
});

describe('a reading', () => {
  const AT = 1_000_000;
  const idle = { activity: { state: 'IDLE', at: AT, id: 'idle' } } as const satisfies Facets;
  const onDuty = { presence: { state: 'ON_DUTY', at: AT, id: 'on' } } as const satisfies Facets;
  const profile = (queue: string, at: number): Facets => ({
    profile: { name: 'Ann', queues: [queue], skills: { billing: 80 }, tenureDays: 0, at, id: `p${at}` },
  });
  const READ_AT = AT + OVERRULE_AFTER_MS + 1;

  it('brings back the agent whose notification was lost, as of when the platform says', () => {
    const held: Facets = { presence: { state: 'OFF_DUTY', at: AT - 5, id: 'off' } };
    expect(reconcile(held, { facets: { ...onDuty, ...idle } }, AT + 10)).toEqual({
      facets: { ...onDuty, ...idle },
      differences: ['presence', 'activity'],
      overruled: 0,
    });
  });

  it('that contradicts something newer and old counts as of the reading', () => {
    const held: Facets = { presence: { state: 'PAUSED', at: AT + 1, id: 'wrong' } };
    expect(reconcile(held, { facets: onDuty }, READ_AT).differences).toEqual([]);
    const { facets: accepted, overruled } = reconcile(held, { facets: onDuty }, READ_AT + 1);
    expect(accepted.presence).toEqual({ state: 'ON_DUTY', at: READ_AT + 1, id: `on/read/${READ_AT + 1}` });
    expect(overruled).toBe(1);
  });

  it('says nothing about a profile that is the same, however its parts are ordered', () => {
    const { name, ...rest } = profile('q', AT).profile as NonNullable<Facets['profile']>;
    expect(
      reconcile(profile('q', AT), { facets: { profile: { ...rest, name, at: AT + 9, id: 'x' } } }, READ_AT),
    ).toEqual({
      facets: {},
      differences: [],
      overruled: 0,
    });
  });

  it('of a profile is taken where it differs, unless the store heard of it since', () => {
    const told = { facets: profile('new', AT) };
    expect(reconcile(profile('old', AT - 1), told, AT).differences).toEqual(['profile']);
    expect(reconcile(profile('other', AT + 1), told, AT).differences).toEqual([]);
  });

  it('tells an agent who is gone once, and nobody the store never knew', () => {
    const told = (at: number): AgentAsRead => ({
      facets: { presence: { state: 'OFF_DUTY', reason: 'INACTIVE', at, id: `gone${at}` } },
      isGone: true,
    });
    expect(reconcile(undefined, told(AT), AT).differences).toEqual([]);
    const { facets: gone, differences } = reconcile(onDuty, told(AT + 1), AT + 1);
    expect(differences).toEqual(['gone']);
    expect(reconcile({ ...onDuty, ...gone }, told(AT + 60_000), AT + 60_000).differences).toEqual([]);
  });

  it('of an idle agent without work ends an interaction whose end was lost, when its news is a minute old', () => {
    const ringing = interactionsFacet({ callId: 'c', state: 'ALERTING', media: 'voice', at: AT + 5, id: 'a' });
    const held: Facets = { ...onDuty, ...idle, ...ringing };
    const told: AgentAsRead = { facets: idle, isUnoccupied: true };
    expect(reconcile(held, told, AT + 5 + OVERRULE_AFTER_MS).differences).toEqual([]);
    expect(reconcile(held, { facets: idle }, READ_AT + 5).differences).toEqual([]);
    const { facets: accepted, overruled } = reconcile(held, told, READ_AT + 5);
    expect(overruled).toBe(1);
    expect(liveInteractions({ ...held, ...accepted })).toEqual([]);
  });
});
