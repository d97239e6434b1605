import { expect, it } from 'vitest';
import { Frames, isPush, wordsOf } from './resp.ts';

const command = (...words: string[]): string =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

/** Values of RESP2 and RESP3, some in others. */
const VALUES = [
  command('EVALSHA', 'a\r\nb', '', 'ü'),
  '+OK\r\n',
  '-MOVED 1 127.0.0.1:12345\r\n',
  ':12\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '_\r\n',
  ',1.5\r\n',
  '#t\r\n',
  '%2\r\n+a\r\n*1\r\n:1\r\n$1\r\nb\r\n~1\r\n_\r\n',
  '>3\r\n+message\r\n$1\r\nc\r\n$0\r\n\r\n',
  '=5\r\ntxt:a\r\n',
];

it('cuts values wherever what arrives ends', () => {
  const bytes = Buffer.from(VALUES.join(''));
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const frames = new Frames();
    const cut: string[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      cut.push(...frames.add(bytes.subarray(at, at + size)).map(String));
    }
    expect(cut).toEqual(VALUES);
  }
});

it('refuses what is not the protocol', () => {
  expect(() => new Frames().add(Buffer.from('GET a\r\n'))).toThrow('not the Redis protocol: GET a');
});

it('reads commands, and tells what a server pushes', () => {
  expect(wordsOf(Buffer.from(VALUES[0] ?? ''))).toEqual(['EVALSHA', 'a\r\nb', '', 'ü']);
  expect(VALUES.map((value) => isPush(Buffer.from(value))).lastIndexOf(true)).toBe(11);
});
