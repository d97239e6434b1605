import type { Command } from 'commander';
import { type CommonFlags, runUntilInterrupted, simulatorCommand, wholeNumber } from '../kit/command.ts';
import { DEFAULTS } from './options.ts';
import { startGenesysSimulator } from './simulator.ts';

interface Flags extends CommonFlags {
  carriesSeveral: number;
}

/** `genesys`: runs a simulated Genesys Cloud organisation until it is interrupted. */
export function genesysSimulatorCommand(): Command {
  return simulatorCommand({
    name: 'genesys',
    description: 'Run a simulated Genesys Cloud CX organisation: login, REST API, notifications, agents at work',
    defaults: { ...DEFAULTS, port: 8100 },
    maxAgents: 5_000,
    agents: 'agents in the organisation',
    queues: 'queues in the organisation',
    requestsPerMinute: 'rate limit of each token',
  })
    .option(
      '--carries-several <percent>',
      'share of agents who carry several chats, messages and emails at once',
      wholeNumber(0, 100),
      0,
    )
    .action(run);
}

async function run({ carriesSeveral, ...flags }: Flags): Promise<void> {
  const simulator = await startGenesysSimulator({ ...flags, habits: { carriesSeveral: carriesSeveral / 100 } });
  await runUntilInterrupted('Genesys Cloud simulator', simulator);
}
