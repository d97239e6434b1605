import { Command } from 'commander';
import { cxoneSimulatorCommand } from './cxone/command.ts';
import { genesysSimulatorCommand } from './genesys/command.ts';

/** `muster simulate`: a platform by itself, to point an instance at. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run a simulated platform')
    .addCommand(genesysSimulatorCommand())
    .addCommand(cxoneSimulatorCommand());
}
