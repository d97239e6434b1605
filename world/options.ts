import { Command, InvalidArgumentError, Option } from 'commander';
import { type BusDriver, busOption } from './bus/bus.ts';
import { WAYS, type Way } from './platforms/scripts.ts';

/** The options of `npm start`. */
export interface StartFlags {
  agents: number;
  callsPerSecond: number;
  /** In s; undefined runs until it is stopped. */
  duration?: number;
  report?: string;
  readyFile?: string;
  keep?: string;
  replicas: boolean;
  bus: BusDriver;
  delivery?: Way;
  calm?: true;
  auth?: true;
  seed: number;
}

const UNUSABLE = 2;

/** The command line of `npm start`. Invalid options end the process with code 2. */
export function startOptions(): Command {
  return new Command('start')
    .description('Run three regions on this machine, with simulated agents and callers, and watch them')
    .option('--agents <number>', 'agents of all three organisations together', wholeNumber(3, 15_000), 600)
    .option('--calls-per-second <number>', 'rate of calls in all regions together', positiveNumber(1_000), 20)
    .option('--duration <seconds>', 'let calls arrive this long, then verify and end', positiveNumber(86_400))
    .option('--report <file>', 'verify at the end, and write the report to this file, as JSON')
    .option('--ready-file <file>', 'write all addresses to this file, as JSON, once the world is up')
    .option('--keep <folder>', 'keep all state, logs and histories in this new or empty folder')
    .option('--no-replicas', 'run masters only: half the Redis processes')
    .addOption(busOption())
    .addOption(
      new Option(
        '--delivery <way>',
        'how calls reach agents on Genesys Cloud (default: a random way for each call)',
      ).choices(WAYS),
    )
    .option('--calm', 'no latency between regions, bus and platforms, instead of real-world figures')
    .option('--auth', 'require tokens, which `npm run world -- token` mints')
    .option('--seed <number>', 'the same seed gives the same organisations', wholeNumber(0, 1_000_000_000), 1)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNUSABLE));
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function positiveNumber(max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number above 0, and at most ${max}.`);
  };
}
