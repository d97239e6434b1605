/** A server that cannot be had on this host, now. The message is one line that says why. */
export class NotHad extends Error {}

/** The last words of a program that failed, on one line. */
export function reasonOf(error: unknown): string {
  const { stderr = '', message } = error as { stderr?: string; message: string };
  const said = stderr.trim().split('\n').at(-1)?.trim();
  return said || message.split('\n')[0] || 'it does not say why';
}
