import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { Topic } from './topic.ts';

/** The bench cannot be run as asked. The message is one line for the person who asked. */
export class CannotRun extends Error {
  override name = 'CannotRun';
}

export interface Options {
  topics: Topic[];
  /** Measured time of each contestant of a comparison, in s. */
  seconds: number;
  isQuick: boolean;
  /** Print JSON instead of tables. */
  isJson: boolean;
  /** Measure nothing; compare the latest measurement with that of this revision. */
  revision?: string;
}

interface Flags {
  seconds?: number;
  quick?: boolean;
  json?: boolean;
  compare?: string;
}

const SECONDS = 1.5;
/** One burst of each contestant in each repetition. */
const QUICK_SECONDS = 0.2;

/**
 * Reads the arguments of `npm run bench`.
 * @returns undefined if they ask for help, which is then printed
 * @throws CannotRun
 */
export function readOptions(args: string[], all: Topic[]): Options | undefined {
  const command = commandFor(all);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new CannotRun(error.message.replace(/^error: /, ''));
  }
  const names: string[] = command.processedArgs[0] ?? [];
  const unknown = names.find((name) => !all.some((topic) => topic.name === name));
  if (unknown !== undefined) throw new CannotRun(`there is no topic "${unknown}"; there are ${namesOf(all)}`);
  const { seconds, quick = false, json = false, compare } = command.opts<Flags>();
  if (compare !== undefined && (names.length > 0 || seconds !== undefined || quick || json))
    throw new CannotRun('--compare measures nothing, so it takes no topics and no other options');
  return {
    topics: all.filter(({ name, isOnlyIfNamed }) => (names.length > 0 ? names.includes(name) : !isOnlyIfNamed)),
    seconds: seconds ?? (quick ? QUICK_SECONDS : SECONDS),
    isQuick: quick,
    isJson: json,
    ...(compare !== undefined && { revision: compare }),
  };
}

const namesOf = (topics: Topic[]): string => topics.map(({ name }) => name).join(', ');

function commandFor(all: Topic[]): Command {
  const named = namesOf(all.filter(({ isOnlyIfNamed }) => isOnlyIfNamed));
  return new Command('bench')
    .description('Measures Muster on a real Redis Cluster of 3 masters and 3 replicas, beside raw floors')
    .argument('[topics...]', `what to measure: ${namesOf(all)}; default: all but ${named}`)
    .option('--seconds <number>', `measured time of each operation (default: ${SECONDS})`, positive)
    .option('--quick', `short measurements (${QUICK_SECONDS} s) at fewer depths, which are not kept in the history`)
    .option('--json', 'print [{scenario, rows, targets}] and nothing else on standard output')
    .option('--compare <revision>', 'measure nothing; print the latest measurement beside the latest of a revision')
    .configureOutput({ outputError: () => {} }) // the caller prints it
    .exitOverride();
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
