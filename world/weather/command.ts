import { Command, InvalidArgumentError } from 'commander';
import { coloured, plain } from '../tools/paint.ts';
import type { EventFaults, WeatherReport } from './control.ts';
import { renderWeather } from './table.ts';
import { findWorlds } from './whereabouts.ts';

const WELL = 0;
const WRONG = 1;
const UNUSABLE = 2;
const DEADLINE_MS = 5_000;

const WHAT_ISOLATION_SHOWS = `
What \`npm start\` shows now: ages grow on both sides of the cut, and from 30 s on they are stale. Calls go on. Where a
connection has \`authority: verify\`, the default, agents of the other side are claimed on their platform's word: the line
\`verified\` counts these claims, and apart from all others the double bookings that they cause. \`weather rejoin\` ends it.
`;

/** An error that the user can fix; the message says how. */
class Unable extends Error {}

/** `npm run world -- weather`: lists and changes the links and the event faults of a local world that runs elsewhere. */
export function weatherCommand(): Command {
  const command = new Command('weather')
    .description('list and change the links between regions, bus and platforms of the running local world')
    .option(
      '--url <url>',
      'URL of the control server, as printed at the start of the world (default: of the world that runs here)',
    )
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? WELL : UNUSABLE))
    .allowExcessArguments()
    .action(() => {
      const [unknown] = command.args;
      if (unknown === undefined) return ask();
      return command.error(
        `weather: there is no command ${unknown}; npm run world -- weather --help lists the commands`,
      );
    });
  const { ask, verb } = verbsOf(command);
  verb('cut <a> <b>', 'break all connections between two, and refuse new ones').action((a, b) => ask('cut', { a, b }));
  verb('stall <a> <b>', 'a black hole: connections stay open, nothing arrives').action((a, b) =>
    ask('stall', { a, b }),
  );
  verb('slow <a> <b>', 'add latency, one way in each direction')
    .requiredOption('--latency-ms <ms>', 'one-way delay', number(60_000))
    .option('--jitter-ms <ms>', 'random deviation of the delay', number(60_000), 0)
    .action((a, b, { latencyMs, jitterMs }) => ask('slow', { a, b, latencyMs, jitterMs }));
  verb('clear [a] [b]', 'reset one link, all links of one end, or everything, events included').action((a, b) =>
    ask('clear', { a, b }),
  );
  verb('isolate <region>', 'cut a region off from the bus and from all other regions')
    .option('--platforms', 'cut it off from the platforms, too')
    .action((region, { platforms }) => ask('isolate', { region, platforms }));
  verb('rejoin <region>', 'end its isolation').action((region) => ask('rejoin', { region }));
  verb('events <connection>', 'make a platform unreliable; other settings stay')
    .option('--drop <percent>', 'share of notifications that are lost', number(100))
    .option('--duplicate <percent>', 'share that arrives twice', number(100))
    .option('--delay <percent>', 'share that arrives late', number(100))
    .option('--delay-ms <ms>', 'delay of late notifications; without --delay all are late', number(60_000))
    .option('--reorder <percent>', 'share that arrives after the next one', number(100))
    .action((connection, flags: EventFlags) => ask('events', { connection, ...faultsOf(flags) }));
  return command;
}

interface EventFlags {
  drop?: number;
  duplicate?: number;
  delay?: number;
  delayMs?: number;
  reorder?: number;
}

function verbsOf(command: Command) {
  return {
    /** Sends a request to the world, and prints its answer. */
    ask: async (act?: string, body?: object): Promise<void> => {
      try {
        const report = await request(command.opts<{ url?: string }>().url ?? theWorld(), act, body);
        const paint = process.stdout.isTTY && !process.env.NO_COLOR ? coloured : plain;
        process.stdout.write(renderWeather(report, paint));
        if (act === 'isolate') process.stderr.write(WHAT_ISOLATION_SHOWS);
      } catch (error) {
        if (!(error instanceof Unable)) throw error;
        process.stderr.write(`weather: ${error.message}\n`);
        process.exitCode = WRONG;
      }
    },
    verb: (usage: string, description: string): Command =>
      command.command(usage).description(description).copyInheritedSettings(command),
  };
}

function faultsOf({ drop, duplicate, delay, delayMs, reorder }: EventFlags): Partial<EventFaults> {
  const late = delay ?? (delayMs === undefined ? undefined : 100);
  const shares = { dropEvents: drop, duplicateEvents: duplicate, delayEvents: late, reorderEvents: reorder };
  const given = Object.entries(shares).flatMap(([name, percent]) =>
    percent === undefined ? [] : [[name, percent / 100]],
  );
  return { ...Object.fromEntries(given), ...(delayMs !== undefined && { delayMs }) };
}

/** @throws Unable */
function theWorld(): string {
  const worlds = findWorlds().map(({ url }) => url);
  if (worlds.length > 1) throw new Unable(`several local worlds run; name one with --url: ${worlds.join(', ')}`);
  const [url] = worlds;
  if (url === undefined) throw new Unable('no local world runs here; `npm start` starts one');
  return url;
}

/** @throws Unable */
async function request(url: string, act?: string, body?: object): Promise<WeatherReport> {
  const asked = act
    ? { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    : {};
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const response = await fetch(new URL(`/weather${act ? `/${act}` : ''}`, url), { ...asked, signal }).catch(() => {
    throw new Unable(`no local world answers at ${url}; \`npm start\` starts one and prints its URL`);
  });
  const answer = (await response.json()) as WeatherReport & { message: string };
  if (!response.ok) throw new Unable(answer.message);
  return answer;
}

function number(max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number from 0 to ${max}.`);
  };
}
