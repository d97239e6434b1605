import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InvalidBookmark, readBookmark, writeBookmark } from '../../src/routing/consistency/bookmark.ts';

const name = fc.string({ minLength: 1, maxLength: 64, unit: 'grapheme' }).filter((text) => text.isWellFormed());
const position = fc.tuple(fc.nat(), fc.nat()).map(([ms, n]) => `${ms}-${n}`);

it('reads back as it was, however many domains there are and whatever they are called', () => {
  fc.assert(
    fc.property(
      name,
      fc.uniqueArray(fc.tuple(name, position), { minLength: 1, selector: ([domain]) => domain }),
      (region, all) => {
        const text = writeBookmark({ region, positions: new Map(all) });
        expect(text).toMatch(/^[\x21-\x7e]+$/);
        expect(readBookmark(text)).toEqual({ region, positions: new Map(all) });
      },
    ),
  );
});

it.each(['', 'eu', '/main:1-0', 'eu/main', 'eu/main:1', 'eu/:1-0', 'eu/main:1-0,', '%/main:1-0', 'eu/%:1-0'])(
  'is not %j',
  (text) => {
    expect(() => readBookmark(text)).toThrow(InvalidBookmark);
  },
);
