import { Command } from 'commander';
import { startCommand } from './command.ts';
import { tokenCommand } from './token-command.ts';
import { weatherCommand } from './weather/command.ts';

/** `npm start` and `npm run world`: three regions on this machine, and commands for while they run. */
await new Command('world')
  .description('Three regions of Muster on this machine, with simulated platforms and callers.')
  .addCommand(startCommand())
  .addCommand(weatherCommand())
  .addCommand(tokenCommand())
  .showHelpAfterError('(`npm run world -- --help` lists the commands)')
  .parseAsync();
