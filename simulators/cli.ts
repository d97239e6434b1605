import { Command } from 'commander';
import { cxoneSimulatorCommand } from './cxone/command.ts';
import { genesysSimulatorCommand } from './genesys/command.ts';

/** `npm run simulator`: one platform by itself, to point an instance at. */
await new Command('simulator')
  .description('A simulated platform.')
  .addCommand(genesysSimulatorCommand())
  .addCommand(cxoneSimulatorCommand())
  .showHelpAfterError('(`npm run simulator -- --help` lists the platforms)')
  .parseAsync();
