import type { Command } from 'commander';
import { type StartFlags, startOptions } from './options.ts';

/** `npm start`: runs the local world until it is stopped or its time is over. The world is loaded only when it starts. */
export function startCommand(): Command {
  return startOptions().action(async (flags: StartFlags) => {
    const { Run } = await import('./run.ts');
    process.exitCode = await new Run(flags).toTheEnd();
  });
}
