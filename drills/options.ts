import { Command, InvalidArgumentError } from 'commander';
import { type BusDriver, busOption } from '../world/bus/bus.ts';
import { DRILLS } from './drills.ts';

/** What `npm run drill` was asked for. */
export interface DrillFlags {
  json?: true;
  only?: string[];
  realTime?: true;
  bus: BusDriver;
  keep?: string;
}

const UNUSABLE = 2;
const NAMES = DRILLS.map(({ name }) => name);

/** `npm run drill`, without what it does. Bad options end the process with code 2. */
export function drillOptions(): Command {
  return new Command('drill')
    .description('Break a local world in every way that regions break, and prove what Muster promises')
    .option('--only <names>', `play these, separated by commas: ${NAMES.join(', ')}`, readNames)
    .option('--real-time', 'wait as long as regions do by default, instead of shortened intervals')
    .addOption(busOption())
    .option('--json', 'print the result as JSON, and tell the story on standard error')
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
