import { Command } from 'commander';
import { cxoneSimulatorCommand } from './cxone/command.ts';
import { genesysSimulatorCommand } from './genesys/command.ts';

/** `npm run simulator`: runs one platform, for an instance to connect to. */
await new Command('simulator')
  .description('Run a simulated platform')
  .addCommand(genesysSimulatorCommand())
  .addCommand(cxoneSimulatorCommand())
  .showHelpAfterError('(`npm run simulator -- --help` lists the platforms)')
  .parseAsync();
