import { Command, InvalidArgumentError } from 'commander';
import { judgeMutant, missingIn } from './judge.ts';
import { MUTANTS } from './mutants.ts';

const NAME_WIDTH = Math.max(...MUTANTS.map(({ name }) => name.length));
const DRILL_WIDTH = Math.max(...MUTANTS.map(({ drill }) => drill.length));

/** Takes one safeguard after the other out of a copy of Muster, and demands that a drill or a crash point fails because of it. */
const { only } = new Command('mutants')
  .description(
    'Take safeguards out of Muster one by one; a drill or a crash point must fail for each, and for the right reason',
  )
  .option('--only <names>', 'those alone, separated by commas', readNames)
  .parse()
  .opts<{ only?: string[] }>();

const mutants = MUTANTS.filter(({ name }) => !only || only.includes(name));
let survivors = 0;
for (const mutant of mutants) {
  const judgement = await judgeMutant(mutant);
  const { caught, broken, failed, passed, tookMs } = judgement;
  if (!caught) survivors++;
  const promises = broken.length > 0 ? `broken: ${broken.join(', ')}` : 'no promise broken';
  const reasons = passed ? `it passed; ${promises}` : `${promises}; failed: ${failed.join(' | ')}`;
  const wanted = caught ? '' : ` (not: ${missingIn(mutant, judgement).join(', ')})`;
  const cells = [mutant.name.padEnd(NAME_WIDTH), mutant.drill.padEnd(DRILL_WIDTH), `${Math.round(tookMs / 1000)} s`];
  console.log(`${caught ? '✓ caught  ' : '✗ SURVIVED'} ${cells.join('  ')}  ${reasons}${wanted}`);
}
console.log(
  survivors === 0 ? `✓ All ${mutants.length} mutants were caught.` : `✗ ${survivors} of ${mutants.length} survived.`,
);
process.exitCode = survivors === 0 ? 0 : 1;

function readNames(text: string): string[] {
  const names = text.split(',');
  const unknown = names.find((name) => MUTANTS.every((mutant) => mutant.name !== name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no mutant "${unknown}".`);
  return names;
}
