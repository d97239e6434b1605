import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DRILLS } from '../../local/drill/drills.ts';
import { mutate } from './judge.ts';
import { MUTANTS } from './mutants.ts';

/** The drills themselves are played by `npm run mutants`, which takes too long for every test. */
it.each(MUTANTS)('the mutant $name still fits what it changes, and names a drill', (mutant) => {
  const source = readFileSync(mutant.file, 'utf8');
  expect(mutate(source, mutant)).not.toBe(source);
  expect(DRILLS.map(({ name }) => name)).toContain(mutant.drill);
});

it('refuses a mutant whose text is not there, or twice', () => {
  const [mutant] = MUTANTS;
  if (!mutant) throw new Error('there are no mutants');
  expect(() => mutate('', mutant)).toThrow(/does not fit .*: its text must occur there exactly once/);
  expect(() => mutate(mutant.text.repeat(2), mutant)).toThrow(mutant.name);
});
