import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/agent/event.ts';
import type { Facets } from '../../src/agent/facets.ts';
import { assignNumbers, merge, withNumber } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';

const T = 1_763_999_990_000;
const told = (event_id: string, status: string, timestamp = T / 1000, more: object = {}) =>
  readEvent({ event_id, timestamp, agent_id: 'crm:a', status, ...more }, { region: 'eu', status: 'report' });

/** What the home makes of events, each request by itself. */
function home(before: Facets, ...requests: ReturnType<typeof told>[][]): Facets {
  return requests.reduce<Facets>((known, events) => {
    const lastSecond = assignNumbers(known, events);
    const taken = merge(known, lastSecond ? { lastSecond } : {}).facets;
    return events.reduce((now, event) => merge(now, withNumber(event, lastSecond).facets).facets, taken);
  }, before);
}
const statusAfter = (...requests: ReturnType<typeof told>[][]) => statusOf(home({}, ...requests), T + 5_000).status;

describe('events of one whole second', () => {
  const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 2 });

  it('count in the order of arrival, in a batch or one by one, whatever their ids', () => {
    fc.assert(
      fc.property(ids, fc.boolean(), ([one = '', other = ''], isBatch) => {
        const inOrder = (first: string, second: string) => {
          const events = [told(one, first), told(other, second)];
          return isBatch ? statusAfter(events) : statusAfter(...events.map((event) => [event]));
        };
        expect(inOrder('AVAILABLE', 'BUSY')).toBe('BUSY');
        expect(inOrder('BUSY', 'AVAILABLE')).toBe('AVAILABLE');
      }),
    );
  });

  it('change nothing when they are repeated', () => {
    const [first, second] = [told('first', 'BUSY'), told('second', 'AVAILABLE')];
    const after = home({}, [first], [second]);
    expect(home(after, [first])).toEqual(after);
    expect(home(after, [first, second], [second])).toEqual(after);
  });

  it('get numbers after those that the record’s facets use', () => {
    const { lastSecond: _, ...lost } = home({}, [told('first', 'AVAILABLE'), told('second', 'BUSY')]);
    expect(statusOf(home(lost, [told('third', 'AVAILABLE')]), T + 5_000).status).toBe('AVAILABLE');
  });

  it('of an earlier second count as late', () => {
    const after = home({}, [told('now', 'BUSY', T / 1000 + 1)]);
    expect(statusOf(home(after, [told('late', 'AVAILABLE')]), T + 5_000).status).toBe('BUSY');
  });

  it('move the facets with their time and no others', () => {
    const more = { interactions: [{ call_id: 'c', state: 'ENDED' }], activity: { state: 'IDLE', at: T - 5_000 } };
    const { interactions, activity } = home({}, [told('a', 'BUSY'), told('b', 'BUSY', T / 1000, more)]);
    expect(interactions?.byCall.c?.at).toBe(T + 1);
    expect(activity?.at).toBe(T - 5_000);
  });

  it('are not numbered beyond ten, or with a time in milliseconds', () => {
    const many = Array.from({ length: 150 }, (_, i) => told(`${i}`, 'BUSY'));
    expect(assignNumbers({}, many)?.ids).toHaveLength(10);
    expect(assignNumbers({}, [told('exact', 'BUSY', T + 5)])).toBeUndefined();
  });
});
