import type { Command } from 'commander';
import { type StartFlags, startOptions } from './options.ts';
import { Run } from './run.ts';

/** `npm start`: runs the local world until it is stopped or its time is over. */
export function startCommand(): Command {
  return startOptions().action(async (flags: StartFlags) => {
    process.exitCode = await new Run(flags).toTheEnd();
  });
}
