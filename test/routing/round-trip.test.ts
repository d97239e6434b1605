import { expect, it } from 'vitest';
import { RoundTrip } from '../../src/routing/peers/round-trip.ts';

function measured(...tookMs: number[]): RoundTrip {
  const roundTrip = new RoundTrip();
  for (const ms of tookMs) roundTrip.measured(ms);
  return roundTrip;
}

it('promises nothing before it has measured', () => {
  expect(measured()).toMatchObject({ meanMs: undefined, mostMs: Number.POSITIVE_INFINITY });
});

it('takes steady answers for what they are', () => {
  expect(measured(165, 165, 165)).toMatchObject({ meanMs: 165, mostMs: 165 });
});

it('leaves room for answers that vary, and less once they do not', () => {
  const varying = measured(...Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? 150 : 180)));
  expect(varying.meanMs).toBeGreaterThan(155);
  expect(varying.meanMs).toBeLessThan(175);
  expect(varying.mostMs).toBeGreaterThan(180);
  for (let i = 0; i < 30; i++) varying.measured(165);
  expect(varying.mostMs).toBeLessThan(167);
});
