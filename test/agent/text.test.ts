import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUEST_LIMITS } from '../../src/agent/limits.ts';
import { bytesOf, cut, flawIn, mayBeIllFormed, mended, wrongText } from '../../src/agent/text.ts';
import { illFormed } from '../fixtures/ill-formed.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 });

describe('cut', () => {
  it('keeps the given number of characters and splits none', () => {
    fc.assert(
      fc.property(text, fc.nat(30), (whole, most) => {
        const short = cut(whole, most);
        expect([...short]).toEqual([...whole].slice(0, most));
        expect(short.isWellFormed()).toBe(true);
      }),
    );
  });

  it('keeps an emoji whole or leaves it out', () => {
    expect(cut('ab\u{1f600}', 3)).toBe('ab\u{1f600}');
    expect(cut('ab\u{1f600}c', 2)).toBe('ab');
  });
});

describe('a flaw', () => {
  const values = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });

  it('is not found in well-formed text', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(wrongText(value)).toEqual([]);
      }),
    );
  });

  it('is found in values and in keys, with its path', () => {
    fc.assert(
      fc.property(illFormed, values, (bad, good) => {
        expect(wrongText({ a: good, b: [good, bad] })).toMatchObject([{ field: '/b/1' }]);
        expect(wrongText({ a: { [bad]: good } })).toMatchObject([{ field: `/a/${bad.toWellFormed()}` }]);
        expect(wrongText(bad)).toMatchObject([{ field: '/' }]);
        expect(mayBeIllFormed(JSON.stringify({ [bad]: 1 }))).toBe(true);
      }),
    );
  });

  it('is a value that is nested too deep', () => {
    const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
    expect(flawIn(nested(REQUEST_LIMITS.depth.most))).toBeUndefined();
    expect(flawIn(nested(REQUEST_LIMITS.depth.most + 1))?.message).toContain('nested deeper');
    expect(flawIn(nested(100_000))?.message).toContain('nested deeper');
  });
});

it('mending makes text well-formed and leaves well-formed text alone', () => {
  fc.assert(
    fc.property(illFormed, text, (bad, good) => {
      const value = mended({ [bad]: [bad, good, 1, null] });
      expect(flawIn(value)).toBeUndefined();
      expect(value).toEqual({ [bad.toWellFormed()]: [bad.toWellFormed(), good, 1, null] });
    }),
  );
});

it('bytesOf counts the bytes of UTF-8', () => {
  fc.assert(
    fc.property(text, (any) => {
      expect(bytesOf(any)).toBe(Buffer.byteLength(any));
    }),
  );
});
