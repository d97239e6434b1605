import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, interactionsFacet } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';

const T = 1_763_999_990_000;
const anyId = fc.string({ minLength: 1, maxLength: 6 });

const said = (...changes: Facets[]): Facets => changes.reduce<Facets>((now, each) => merge(now, each).facets, {});
const idle = (id: string): Facets => ({ activity: { state: 'IDLE', at: T - 5, id } });

describe('of two reports with the same time', () => {
  const pairs: [string, (id: string) => Facets, (id: string) => Facets][] = [
    [
      'on duty, and on a break',
      (id) => ({ presence: { state: 'ON_DUTY', at: T, id } }),
      (id) => ({ presence: { state: 'PAUSED', reason: 'BREAK', at: T, id } }),
    ],
    [
      'on a break, and off duty',
      (id) => ({ presence: { state: 'PAUSED', at: T, id } }),
      (id) => ({ presence: { state: 'OFF_DUTY', at: T, id } }),
    ],
    [
      'idle, and interacting',
      (id) => ({ activity: { state: 'IDLE', at: T, id } }),
      (id) => ({ activity: { state: 'INTERACTING', at: T, id } }),
    ],
    [
      'a call that ended, and one that goes on',
      (id) => interactionsFacet({ callId: 'c', media: 'voice', state: 'ENDED', at: T, id }),
      (id) => interactionsFacet({ callId: 'c', media: 'voice', state: 'CONNECTED', at: T, id }),
    ],
  ];

  it.each(pairs)('the less available one counts, whatever their ids: %s', (_, freer, busier) => {
    fc.assert(
      fc.property(anyId, anyId, (one, other) => {
        const onDuty: Facets = { presence: { state: 'ON_DUTY', at: T - 5, id: 'p' } };
        const before = said(onDuty, idle('i'));
        const inOrder = said(before, freer(one), busier(other));
        expect(said(before, busier(other), freer(one))).toEqual(inOrder);
        expect(statusOf(inOrder, T).status).not.toBe('AVAILABLE');
      }),
    );
  });
});

describe('two calls', () => {
  const step = (callId: string, state: 'CONNECTED' | 'ENDED', at: number) =>
    interactionsFacet({ callId, state, media: 'voice', at: T + at, id: `${callId}/${state}` });
  const free = said({ presence: { state: 'ON_DUTY', at: T - 5, id: 'p' } }, idle('i'));

  it('are independent: the end of one does not end the other', () => {
    const steps = [step('a', 'CONNECTED', 1), step('b', 'CONNECTED', 2), step('b', 'ENDED', 3)];
    expect(statusOf(said(free, ...steps), T + 10)).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
    expect(statusOf(said(free, ...steps, step('a', 'ENDED', 4)), T + 10).status).toBe('AVAILABLE');
  });

  it('keep the agent busy while one of them lasts, in any order of reports', () => {
    const calls = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean()), {
      selector: ([callId]) => callId,
    });
    fc.assert(
      fc.property(calls, fc.infiniteStream(fc.nat()), (all, order) => {
        const steps = all.flatMap(([callId, isOver], n) => [
          step(callId, 'CONNECTED', n),
          ...(isOver ? [step(callId, 'ENDED', 10 + n)] : []),
        ]);
        const shuffled = steps.map((each) => [order.next().value ?? 0, each] as const).sort(([a], [b]) => a - b);
        const { status } = statusOf(said(free, ...shuffled.map(([, each]) => each)), T + 100);
        expect(status).toBe(all.some(([, isOver]) => !isOver) ? 'BUSY' : 'AVAILABLE');
      }),
    );
  });

  it('are over once the agent is idle after them, even if ends were lost', () => {
    fc.assert(
      fc.property(fc.subarray(['a', 'b', 'c']), fc.integer({ min: 10, max: 20 }), (lost, at) => {
        const calls = lost.map((callId, n) => step(callId, 'CONNECTED', n));
        const after: Facets = { activity: { state: 'IDLE', at: T + at, id: 'later' } };
        expect(statusOf(said(free, ...calls, after), T + 100).status).toBe('AVAILABLE');
      }),
    );
  });
});
