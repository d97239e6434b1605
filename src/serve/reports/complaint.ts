import { ConfigError, problemLine } from '../../config/problems.ts';

/** The error output of a command: one line, or one for each problem of a configuration. */
export function complaint(command: string, error: unknown, hint = ''): string {
  if (error instanceof ConfigError)
    return error.problems.map((problem) => `${command}: ${problemLine(error.file, problem)}`).join('\n');
  const reason = error instanceof Error ? error.message : String(error);
  return `${command}: ${reason}${hint}`;
}
