import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventReader } from '../../src/api/page/browser/event-stream.js';
import { type Entry, markedParts, matching } from '../../src/api/page/browser/matching.js';

const entry = (kind: Entry['kind'], name: string, more: Partial<Entry> = {}): Entry => ({
  kind,
  name,
  place: '',
  href: '#',
  ...more,
});
const ALL = [
  entry('operation', 'Claim the best agent', { place: 'POST /v1/claims', text: 'createClaim' }),
  entry('field', 'queue'),
  entry('field', 'queue_size'),
  entry('error', 'unknown_queue'),
  entry('schema', 'Claim'),
];
const found = (query: string): string[] => matching(ALL, query).map(({ name }) => name);

describe('a search', () => {
  it('finds operations, paths, fields and errors, the closest name first', () => {
    expect(found('queue')).toEqual(['queue', 'queue_size', 'unknown_queue']);
    expect(found('/v1/claims')).toEqual(['Claim the best agent']);
    expect(found('UNKNOWN_q')).toEqual(['unknown_queue']);
    expect(found('claim')).toEqual(['Claim the best agent', 'Claim']);
    expect(found('best')).toEqual(['Claim the best agent']);
  });

  it('wants every word, in any order', () => {
    expect(found('agent post')).toEqual(['Claim the best agent']);
    expect(found('agent delete')).toEqual([]);
    expect(found('  ')).toEqual([]);
  });

  it('marks what was asked for and loses nothing, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, query) => {
        expect(
          markedParts(text, query)
            .map(({ part }) => part)
            .join(''),
        ).toBe(text);
      }),
    );
    expect(markedParts('a.b', '.').filter(({ isMatch }) => isMatch)).toEqual([{ part: '.', isMatch: true }]);
  });
});

describe('a stream of events', () => {
  it('is read alike, however it is cut', () => {
    const text = 'event: agent\nid: 7\ndata: {"a":1}\n\n: alive\n\ndata: one\ndata: two\n\n';
    const events = [
      { name: 'agent', id: '7', data: '{"a":1}' },
      { name: 'message', id: '', data: 'one\ntwo' },
    ];
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(text.length), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const read = createEventReader();
        const pieces = [text.slice(0, from), text.slice(from, to), text.slice(to)];
        expect(pieces.flatMap((piece) => read(piece))).toEqual(events);
      }),
    );
  });

  it('with an event without end takes no more than so much memory', () => {
    const read = createEventReader();
    for (let i = 0; i < 10; i += 1) expect(read(`data: ${'x'.repeat(100_000)}`)).toEqual([]);
    const [last] = read('\n\n');
    expect(last?.data.length).toBeLessThanOrEqual(262_144);
  });
});
