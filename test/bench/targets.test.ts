import { expect, test } from 'vitest';
import { targetTable } from '../../bench/table.ts';
import { atLeast, atMost } from '../../bench/targets.ts';

test('a limit itself is within it', () => {
  expect(atMost('a', 1.4, 1.4)).toEqual({ name: 'a', target: '≤ 1.4', measured: 1.4, ok: true });
  expect(atLeast('b', 1.3, 1.3)).toEqual({ name: 'b', target: '≥ 1.3', measured: 1.3, ok: true });
});

test('beyond it is missed, by however little', () => {
  expect(atMost('a', 1.4, 1.4000001).ok).toBe(false);
  expect(atLeast('b', 1.3, 1.2999999).ok).toBe(false);
});

test('what could not be measured is missed', () => {
  expect(atMost('a', 1.4, Number.NaN).ok).toBe(false);
  expect(atLeast('b', 1.3, Number.NaN).ok).toBe(false);
});

test('people read which targets are met', () => {
  const targets = [atMost('claims: script µs', 30, 98.56), atLeast('÷ BullMQ', 1.3, 2), atMost('none', 1, Number.NaN)];
  expect(`\n${targetTable(targets)}`).toMatchInlineSnapshot(`
    "
    Target             measured  limit
    claims: script µs      98.6   ≤ 30  MISSED
    ÷ BullMQ                  2  ≥ 1.3     met
    none                      –    ≤ 1  MISSED
    1 of 3 met"
  `);
});
