import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';

/** The flags that every simulator has. */
export interface CommonFlags {
  port: number;
  agents: number;
  queues: number;
  seed: number;
  requestsPerMinute: number;
}

/** Values and help texts in which platforms differ. */
interface Described {
  name: string;
  description: string;
  defaults: CommonFlags;
  maxAgents: number;
  agents: string;
  queues: string;
  requestsPerMinute: string;
}

/** The command that runs a simulator, with the flags that all have. */
export function simulatorCommand({ defaults, ...platform }: Described): Command {
  return new Command(platform.name)
    .description(platform.description)
    .option('--port <number>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0, 65_535), defaults.port)
    .option('--agents <number>', platform.agents, wholeNumber(1, platform.maxAgents), defaults.agents)
    .option('--queues <number>', platform.queues, wholeNumber(1, 100), defaults.queues)
    .option('--seed <number>', 'the same seed gives the same people', wholeNumber(0, 2 ** 32 - 1), defaults.seed)
    .option(
      '--requests-per-minute <number>',
      platform.requestsPerMinute,
      wholeNumber(1, 1_000_000),
      defaults.requestsPerMinute,
    );
}

/** Prints where a simulator is and how to log in, and stops it when the process is interrupted. */
export async function runUntilInterrupted(
  title: string,
  { url, credentials, stop }: { url: string; credentials: object; stop(): Promise<void> },
): Promise<void> {
  const lines = [
    [title, `${url}  (login and API)`],
    ...Object.entries(credentials).map(([name, value]) => [wordsOf(name), value]),
    ['state', `${url}/simulator/state`],
  ];
  const width = Math.max(...lines.map(([label]) => label.length)) + 2;
  for (const [label, value] of lines) console.log(label.padEnd(width) + value);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await stop();
}

/** Reads a flag that takes a whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** E.g. `client id` for `clientId`. */
function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
