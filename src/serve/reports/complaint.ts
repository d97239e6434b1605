import { ConfigError, problemLine } from '../../config/problems.ts';

/** Why a command has ended, in one line; of a configuration that cannot be used, in one for each thing that is wrong with it. */
export function complaint(command: string, error: unknown, hint = ''): string {
  if (error instanceof ConfigError)
    return error.problems.map((problem) => `${command}: ${problemLine(error.file, problem)}`).join('\n');
  const reason = error instanceof Error ? error.message : String(error);
  return `${command}: ${reason}${hint}`;
}
