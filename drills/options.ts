import { Command, InvalidArgumentError } from 'commander';
import { type BusDriver, busOption } from '../world/bus/bus.ts';
import { DRILLS } from './drills.ts';

/** The options of `npm run drill`. */
export interface DrillFlags {
  json?: true;
  only?: string[];
  realTime?: true;
  bus: BusDriver;
  keep?: string;
}

const UNUSABLE = 2;
const NAMES = DRILLS.map(({ name }) => name);

/** The command line of `npm run drill`. Invalid options end the process with code 2. */
export function drillOptions(): Command {
  return new Command('drill')
    .description('Break a local world in the ways that regions break, and prove what Muster promises')
    .option('--only <names>', `play these, separated by commas: ${NAMES.join(', ')}`, readNames)
    .option('--real-time', 'use the default intervals of regions instead of shortened ones')
    .addOption(busOption())
    .option('--json', 'print the result as JSON, and progress on standard error')
    .option('--keep <folder>', 'keep all state, logs and histories in this new or empty folder')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNUSABLE));
}

/** May be given several times. */
function readNames(text: string, before: string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no drill "${unknown}".`);
  return [...before, ...names];
}
