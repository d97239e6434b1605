import { once } from 'node:events';
import { Command } from 'commander';
import { wholeNumber } from '../kit/flags.ts';
import { DEFAULTS } from './options.ts';
import { startCxoneSimulator } from './simulator.ts';

interface Flags {
  port: number;
  agents: number;
  queues: number;
  seed: number;
  requestsPerMinute: number;
}

/** `cxone`: runs a simulated CXone business unit until it is interrupted. */
export function cxoneSimulatorCommand(): Command {
  return new Command('cxone')
    .description(
      'Run a simulated NICE CXone business unit: discovery, login, Real-Time Data and Admin API, agents at work',
    )
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), 8200)
    .option('--agents <number>', 'agents in the business unit', wholeNumber(1, 10_000), DEFAULTS.agents)
    .option('--queues <number>', 'phone skills; three more are for writing', wholeNumber(1, 100), DEFAULTS.queues)
    .option('--seed <number>', 'the same seed gives the same people', wholeNumber(0, 2 ** 32 - 1), DEFAULTS.seed)
    .option(
      '--requests-per-minute <number>',
      'rate limit of the business unit; the platform publishes none',
      wholeNumber(1, 1_000_000),
      DEFAULTS.requestsPerMinute,
    )
    .action(run);
}

async function run(flags: Flags): Promise<void> {
  const simulator = await startCxoneSimulator(flags);
  const { clientId, clientSecret, accessKeyId, accessKeySecret } = simulator.credentials;
  console.log(`CXone simulator    ${simulator.url}  (issuer and API)`);
  console.log(`client id          ${clientId}`);
  console.log(`client secret      ${clientSecret}`);
  console.log(`access key id      ${accessKeyId}`);
  console.log(`access key secret  ${accessKeySecret}`);
  console.log(`state              ${simulator.url}/simulator/state`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await simulator.stop();
}
