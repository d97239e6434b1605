import type { Command } from 'commander';
import { type CommonFlags, runUntilInterrupted, simulatorCommand } from '../kit/command.ts';
import { DEFAULTS } from './options.ts';
import { startCxoneSimulator } from './simulator.ts';

/** `cxone`: runs a simulated CXone business unit until it is interrupted. */
export function cxoneSimulatorCommand(): Command {
  return simulatorCommand({
    name: 'cxone',
    description:
      'Run a simulated NICE CXone business unit: discovery, login, Real-Time Data and Admin API, agents at work',
    defaults: { ...DEFAULTS, port: 8200 },
    maxAgents: 10_000,
    agents: 'agents in the business unit',
    queues: 'phone skills; there are three more, for chat, mail and messaging',
    requestsPerMinute: 'rate limit of the business unit; the platform publishes none',
  }).action(run);
}

async function run(flags: CommonFlags): Promise<void> {
  await runUntilInterrupted('CXone simulator', await startCxoneSimulator(flags));
}
