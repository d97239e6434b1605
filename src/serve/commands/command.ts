import { Command, InvalidArgumentError } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { shiftedClock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { startInstance } from '../instance.ts';
import { complaint } from '../reports/complaint.ts';

/** Time in ms after a stop at which the process is terminated. */
const END_LIMIT_MS = 3000;

/** `muster serve`: runs one instance of a region on existing clusters, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run one instance of a region')
    .requiredOption('--config <file>', 'the YAML file that describes the region')
    .option('--history <file>', 'append every claim, settlement and event to this file, for `muster verify`')
    .option('--clock-offset-ms <ms>', 'for drills only: shift the wall clock by this much', readOffsetMs)
    .action(async (flags: ServeFlags) => {
      process.exitCode = await serve(flags);
    });
}

interface ServeFlags {
  config: string;
  history?: string;
  clockOffsetMs?: number;
}

async function serve({ config: file, history: historyFile, clockOffsetMs }: ServeFlags): Promise<number> {
  try {
    const config = await loadConfig(file);
    const instance = await startInstance({
      config,
      ...(historyFile && { historyFile }),
      ...(clockOffsetMs && { clock: shiftedClock(clockOffsetMs) }),
    });
    console.log(`region ${config.region} listens on ${instance.url}`);
    await stopSignal();
    await instance.stop();
    exitAfterLimit(instance.log);
    return 0;
  } catch (error) {
    console.error(complaint('muster', error));
    return 1;
  }
}

/** Terminates a stopped instance even if an open resource keeps its process alive. */
function exitAfterLimit(log: Log): void {
  const late = setTimeout(() => {
    const kept = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout');
    log.error('process_kept_alive', { kept });
    process.exit();
  }, END_LIMIT_MS);
  late.unref();
}

function readOffsetMs(value: string): number {
  if (!/^[+-]?\d+$/.test(value))
    throw new InvalidArgumentError('It must be a whole number of milliseconds, such as -5000.');
  return Number(value);
}

/** Resolves at the first signal; a second one ends the process at once. */
function stopSignal(): Promise<void> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of signals) process.off(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
}
