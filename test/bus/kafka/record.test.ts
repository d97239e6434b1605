import { expect, test } from 'vitest';
import { type FetchResponsePartition, readBatches } from '../../../src/bus/kafka/record.ts';

/** A fetched partition with one message. */
function fetched(key: Buffer, value: Buffer, headers: [Buffer, Buffer][] = []): FetchResponsePartition {
  const records = [
    { attributes: 0, firstOffset: 0n, lastOffsetDelta: 0, records: [{ offsetDelta: 0, key, value, headers }] },
  ];
  return { records } as unknown as FetchResponsePartition;
}
const readOne = (...parts: Parameters<typeof fetched>) => readBatches(fetched(...parts), 0n, 10)[0]?.batch[0];
const [TEXT, BYTES] = [Buffer.from('caf\u00e9'), Buffer.from('caf\xe9', 'latin1')];

test('a message is read as text', () => {
  const read = { key: 'caf\u00e9', value: 'caf\u00e9', headers: { 'caf\u00e9': 'caf\u00e9' }, position: '0' };
  expect(readOne(TEXT, TEXT, [[TEXT, TEXT]])).toEqual(read);
});

test('a message whose bytes are not UTF-8 is marked', () => {
  expect(readOne(BYTES, TEXT)).toMatchObject({ isUtf8: false });
  expect(readOne(TEXT, BYTES)).toMatchObject({ isUtf8: false, value: 'caf\ufffd' });
  expect(readOne(TEXT, TEXT, [[TEXT, BYTES]])).toMatchObject({ isUtf8: false });
});
