import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DRILLS } from '../../drills/drills.ts';
import { TRIALS, trialName } from '../crash-points/prove.ts';
import { isCrashPoint, missingIn, mutate } from './judge.ts';
import { MUTANTS } from './mutants.ts';

/** The drills themselves are played by `npm run mutants`, which takes too long for every test. */
it.each(MUTANTS)('the mutant $name still fits what it changes, and names a drill or a crash point', (mutant) => {
  const source = readFileSync(mutant.file, 'utf8');
  expect(mutate(source, mutant)).not.toBe(source);
  expect([...mutant.breaks, ...(mutant.step ? [mutant.step] : [])]).not.toEqual([]);
  if (isCrashPoint(mutant)) {
    expect(TRIALS.map(trialName)).toContain(mutant.drill);
    return;
  }
  expect(DRILLS.map(({ name }) => name)).toContain(mutant.drill);
  // Some steps are the same in several drills.
  const story = ['stage/calls', 'stage/proof', mutant.drill]
    .map((name) => readFileSync(`drills/${name}.ts`, 'utf8'))
    .join('\n');
  expect(story).toContain(mutant.step ?? '');
});

it('counts a mutant only if everything it should break is broken', () => {
  const [mutant] = MUTANTS;
  if (!mutant) throw new Error('there are no mutants');
  const both = { ...mutant, breaks: ['exclusive', 'fence'], step: 'The others go on' };
  expect(missingIn(both, { broken: ['fence', 'retry', 'exclusive'], failed: ['Another', 'The others go on'] })).toEqual(
    [],
  );
  expect(missingIn(both, { broken: ['retry', 'fence'], failed: ['Another'] })).toEqual([
    'exclusive',
    'The others go on',
  ]);
});

it('lists the mutants, their drills and what they break on the page that says why they are', () => {
  const page = readFileSync('docs/decisions/0026-checkers-are-proven-by-mutants.md', 'utf8');
  const rows = MUTANTS.map(({ name, without, drill, breaks, step }) => {
    const broken = [...breaks, ...(step === undefined ? [] : [`*${step}*`])].join(', ');
    return `| \`${name}\` | ${without} | \`${drill}\` | ${broken} |`;
  });
  expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows);
});

it('refuses a mutant whose text is not there, or twice', () => {
  const [mutant] = MUTANTS;
  if (!mutant) throw new Error('there are no mutants');
  expect(() => mutate('', mutant)).toThrow(/does not fit .*: its text must occur there exactly once/);
  expect(() => mutate(mutant.text.repeat(2), mutant)).toThrow(mutant.name);
});
