import { once } from 'node:events';
import { Command } from 'commander';
import { wholeNumber } from '../kit/flags.ts';
import { DEFAULTS } from './options.ts';
import { startGenesysSimulator } from './simulator.ts';

interface Flags {
  port: number;
  agents: number;
  queues: number;
  seed: number;
  requestsPerMinute: number;
  carriesSeveral: number;
}

/** `genesys`: runs a simulated Genesys Cloud organisation until it is interrupted. */
export function genesysSimulatorCommand(): Command {
  return new Command('genesys')
    .description('Run a simulated Genesys Cloud CX organisation: login, REST API, notifications, agents at work')
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 8100)
    .option('--agents <number>', 'agents in the organisation', wholeNumber(1, 5_000), DEFAULTS.agents)
    .option('--queues <number>', 'queues in the organisation', wholeNumber(1, 100), DEFAULTS.queues)
    .option('--seed <number>', 'the same seed gives the same organisation', wholeNumber(0, 2 ** 32 - 1), DEFAULTS.seed)
    .option(
      '--requests-per-minute <number>',
      'rate limit of each token',
      wholeNumber(1, 1_000_000),
      DEFAULTS.requestsPerMinute,
    )
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
  const { clientId, clientSecret } = simulator.credentials;
  console.log(`Genesys Cloud simulator  ${simulator.url}  (login and API)`);
  console.log(`client id                ${clientId}`);
  console.log(`client secret            ${clientSecret}`);
  console.log(`state                    ${simulator.url}/simulator/state`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await simulator.stop();
}
