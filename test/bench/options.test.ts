import { describe, expect, test } from 'vitest';
import { CannotRun, readOptions } from '../../bench/options.ts';
import type { Topic } from '../../bench/topic.ts';

const topic = (name: string): Topic => ({ name, measure: async () => [] });
const CLAIMS = topic('claims');
const LOOKUPS = topic('lookups');
const SCALE = { ...topic('scale'), isOnlyIfNamed: true };

const read = (...args: string[]) => readOptions(args, [CLAIMS, LOOKUPS, SCALE]);

test('without arguments everything is measured that need not be named', () => {
  expect(read()).toEqual({ topics: [CLAIMS, LOOKUPS], seconds: 1.5, isQuick: false, isJson: false });
});

test('topics are named, before or after options, and keep their order', () => {
  expect(read('--json', 'lookups', 'claims')).toMatchObject({ topics: [CLAIMS, LOOKUPS], isJson: true });
  expect(read('scale', '--quick')).toMatchObject({ topics: [SCALE], isQuick: true });
});

test('quick measurements are short unless told otherwise', () => {
  expect(read('--quick')?.seconds).toBeLessThan(1);
  expect(read('--quick', '--seconds', '3')).toMatchObject({ seconds: 3, isQuick: true });
});

test('a revision to compare with', () => {
  expect(read('--compare', '40cfc1e+')).toMatchObject({ revision: '40cfc1e+' });
});

describe('cannot be run', () => {
  test.each([
    [['claims', 'nothing'], 'there is no topic "nothing"; there are claims, lookups, scale'],
    [['--only', 'claims'], '--only'],
    [['--large'], '--large'],
    [['--seconds', '0'], 'a number above 0'],
    [['--seconds', 'Infinity'], 'a number above 0'],
    [['--compare'], 'argument missing'],
    [['claims', '--compare', '40cfc1e'], '--compare measures nothing'],
    [['--compare', '40cfc1e', '--json'], '--compare measures nothing'],
  ])('%s', (args, why) => {
    expect(() => read(...args)).toThrow(CannotRun);
    expect(() => read(...args)).toThrow(why);
  });
});
