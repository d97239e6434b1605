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

describe('reconciling any state with any read', () => {
  it('finds nothing when the same read is repeated', () => {
    fc.assert(
      fc.property(held, readings, fc.oneof(soonMs, lateMs), (before, told, atMs) => {
        expect(reconcile(afterwards(before, told, atMs), told, atMs).differences).toEqual([]);
      }),
    );
  });

  it('accepts only what a merge keeps, and names each accepted facet', () => {
    fc.assert(
      fc.property(held, readings, fc.oneof(soonMs, lateMs), (before, told, atMs) => {
        const { facets: accepted, differences } = reconcile(before, told, atMs);
        expect(new Set(merge(before ?? {}, accepted).changed)).toEqual(new Set(differences));
        expect(differences).toEqual(Object.keys(accepted));
      }),
    );
  });

  it('makes the store equal to the platform after a minute without reports', () => {
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

  it('overrules no report of the last minute', () => {
    fc.assert(
      fc.property(held, readings, soonMs, (before, told, atMs) => {
        const { facets: accepted, overruled } = reconcile(before, told, atMs);
        expect(overruled).toBe(0);
        for (const name of READ) if (accepted[name]) expect(accepted[name]).toEqual(told.facets[name]);
      }),
    );
  });

  it('leaves facets alone that the read does not have', () => {
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

  it('applies a lost notification, with the platform’s time', () => {
    const held: Facets = { presence: { state: 'OFF_DUTY', at: AT - 5, id: 'off' } };
    expect(reconcile(held, { facets: { ...onDuty, ...idle } }, AT + 10)).toEqual({
      facets: { ...onDuty, ...idle },
      differences: ['presence', 'activity'],
      overruled: 0,
    });
  });

  it('overrules a newer report that is older than a minute, with the time of the read', () => {
    const held: Facets = { presence: { state: 'PAUSED', at: AT + 1, id: 'wrong' } };
    expect(reconcile(held, { facets: onDuty }, READ_AT).differences).toEqual([]);
    const { facets: accepted, overruled } = reconcile(held, { facets: onDuty }, READ_AT + 1);
    expect(accepted.presence).toEqual({ state: 'ON_DUTY', at: READ_AT + 1, id: `on/read/${READ_AT + 1}` });
    expect(overruled).toBe(1);
  });

  it('reports no difference for an equal profile in another order', () => {
    const { name, ...rest } = profile('q', AT).profile as NonNullable<Facets['profile']>;
    expect(
      reconcile(profile('q', AT), { facets: { profile: { ...rest, name, at: AT + 9, id: 'x' } } }, READ_AT),
    ).toEqual({
      facets: {},
      differences: [],
      overruled: 0,
    });
  });

  it('replaces a different profile, unless the store’s is newer', () => {
    const told = { facets: profile('new', AT) };
    expect(reconcile(profile('old', AT - 1), told, AT).differences).toEqual(['profile']);
    expect(reconcile(profile('other', AT + 1), told, AT).differences).toEqual([]);
  });

  it('reports a gone agent once, and none that the store never knew', () => {
    const told = (at: number): AgentAsRead => ({
      facets: { presence: { state: 'OFF_DUTY', reason: 'INACTIVE', at, id: `gone${at}` } },
      isGone: true,
    });
    expect(reconcile(undefined, told(AT), AT).differences).toEqual([]);
    const { facets: gone, differences } = reconcile(onDuty, told(AT + 1), AT + 1);
    expect(differences).toEqual(['gone']);
    expect(reconcile({ ...onDuty, ...gone }, told(AT + 60_000), AT + 60_000).differences).toEqual([]);
  });

  it('of an idle agent without work ends an interaction after a minute without reports', () => {
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
