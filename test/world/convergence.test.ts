import { expect, it } from 'vitest';
import type { Truth } from '../../world/platforms/truth.ts';
import { differences, type ReportedAgent } from '../../world/reports/convergence.ts';

const TRUTH: Truth = { presence: 'ON_DUTY', activity: 'IDLE', status: 'AVAILABLE' };

const told = (more: object = {}, status = 'AVAILABLE'): ReportedAgent => ({
  status,
  facets: { presence: { state: 'ON_DUTY', at: 1 }, activity: { state: 'IDLE', at: 1 }, ...more },
});

it('finds nothing where all regions and the platform agree', () => {
  expect(differences('c:ana', { us: told(), eu: told() }, TRUTH)).toEqual([]);
});

it('names the facet on which two regions differ, a claim too', () => {
  const claim = { fence: 2, state: 'ENDED', until: 0, call_id: 'x', queue: 'q', completed_at: 0 };
  const found = differences('c:ana', { us: told({ claim }), eu: told({ claim: { ...claim, fence: 1 } }) }, TRUTH);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(/^c:ana: claim is .*"fence":2.* in us, .*"fence":1.* in eu$/);
  expect(differences('c:ana', { us: told(), eu: told({ claim }) }, TRUTH)).toHaveLength(1);
});

it('takes the same state from another event as a difference', () => {
  const other = told({ activity: { state: 'IDLE', at: 2 } });
  expect(differences('c:ana', { us: told(), eu: other }, TRUTH)).toHaveLength(1);
});

it('says where an agent is not known', () => {
  expect(differences('c:ana', { us: told(), eu: undefined }, TRUTH)).toEqual(['c:ana is not known in eu']);
});

it.each([
  ['presence', { presence: 'PAUSED', status: 'BUSY' }],
  ['activity', { activity: 'NOT_RESPONDING', status: 'BUSY' }],
  ['status', { status: 'BUSY' }],
] as const)('finds what all regions believe and the platform denies: %s', (what, change) => {
  const found = differences('c:ana', { us: told(), eu: told() }, { ...TRUTH, ...change });
  expect(found.join('\n')).toContain(`c:ana: ${what} is `);
});
