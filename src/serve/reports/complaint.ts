import { ConfigError } from '../../config/problems.ts';

/** Why a command has ended, in one line; what is wrong with a configuration says so itself, in as many as it takes. */
export function complaint(command: string, error: unknown, hint = ''): string {
  const reason = error instanceof Error ? error.message : String(error);
  return error instanceof ConfigError ? reason : `${command}: ${reason}${hint}`;
}
