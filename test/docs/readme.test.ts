import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** A newcomer reads this much, in five minutes. Everything else belongs in docs/. */
const MOST_WORDS = 900;

test(`README.md has at most ${MOST_WORDS} words`, () => {
  const words = readFileSync('README.md', 'utf8').trim().split(/\s+/);
  expect(words.length).toBeLessThanOrEqual(MOST_WORDS);
});

test('README.md names only npm scripts that exist', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = [...readFileSync('README.md', 'utf8').matchAll(/(?:^|`)npm (?:run )?([a-z]+)/gm)].map(
    ([, name = '']) => name,
  );
  expect(named).toContain('start');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
