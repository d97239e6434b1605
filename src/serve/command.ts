import { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { ConfigError } from '../config/problems.ts';
import { startInstance } from './instance.ts';

/** `muster serve`: one instance of a region, against clusters that exist, until SIGTERM or SIGINT. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run one instance of a region')
    .requiredOption('--config <file>', 'the YAML file that describes the region')
    .option('--history <file>', 'append every claim, settlement and event to this file, for `muster verify`')
    .action(async ({ config: file, history }: { config: string; history?: string }) => {
      process.exitCode = await serve(file, history);
    });
}

async function serve(file: string, historyFile: string | undefined): Promise<number> {
  try {
    const config = await loadConfig(file);
    const instance = await startInstance({ config, ...(historyFile && { historyFile }) });
    console.log(`region ${config.region} listens on ${instance.url}`);
    await stopSignal();
    await instance.stop();
    return 0;
  } catch (error) {
    console.error(error instanceof ConfigError ? error.message : `muster: ${messageOf(error)}`);
    return 1;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

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
