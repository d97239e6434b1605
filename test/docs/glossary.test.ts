import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** One term, one meaning: a reader finds a term once, and finds it in use. `links.test.ts` follows the page's links. */
const ROWS = readFileSync('docs/glossary.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| **'));
const TERMS = ROWS.map((row) => ({
  term: /^\| \*\*(.+?)\*\* \|/.exec(row)?.[1] ?? '',
  meaning: row.split(' | ')[1] ?? '',
  names: [...(row.split(' | ')[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
}));
const SOURCES = textOf('src', /\.(ts|lua)$/);
const PROSE = textOf('docs', /(?<!glossary)\.md$/);

test('every row has a term and a meaning, and there are many', () => {
  expect(TERMS.length).toBeGreaterThan(50);
  expect(TERMS.filter(({ term, meaning }) => term === '' || meaning.length < 10)).toEqual([]);
});

test('terms are sorted', () => {
  const terms = TERMS.map(({ term }) => term);
  expect(terms).toEqual([...terms].sort());
});

test('no term, and no name of the code, stands twice', () => {
  const all = [...TERMS.map(({ term }) => term), ...TERMS.flatMap(({ names }) => names)];
  expect(all.filter((word, at) => all.indexOf(word) !== at)).toEqual([]);
});

test('every term is used in the docs or in the code', () => {
  const used = `${PROSE}\n${SOURCES}`.toLowerCase().replace(/\s+(\/\/|\*|--)?\s*/g, ' ');
  expect(TERMS.map(({ term }) => term).filter((term) => !used.includes(term.toLowerCase()))).toEqual([]);
});

test('every name of the code is in the code', () => {
  const isThere = (name: string): boolean =>
    name.startsWith('src/') ? existsSync(name) : new RegExp(`(?<!\\w)${name}(?!\\w)`).test(SOURCES);
  expect(TERMS.flatMap(({ names }) => names).filter((name) => !isThere(name))).toEqual([]);
});

function textOf(folder: string, names: RegExp): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => names.test(name));
  return files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}
