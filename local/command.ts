import type { Command } from 'commander';
import { type LocalFlags, localOptions } from './options.ts';
import { Run } from './run.ts';

/** `muster local`: the local world, until it is told to stop or its time is over. */
export function localCommand(): Command {
  return localOptions().action(async (flags: LocalFlags) => {
    process.exitCode = await new Run(flags).toTheEnd();
  });
}
