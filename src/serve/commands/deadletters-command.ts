import { Command, InvalidArgumentError } from 'commander';
import type { Bus } from '../../bus/bus.ts';
import { type KeptLetter, type LetterBox, shownLetter } from '../../bus/letter-box.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { openLetterBox, openSender } from '../letters.ts';
import { complaint } from '../reports/complaint.ts';
import { replay } from './deadletters-replay.ts';
import { listEntry, renderLetter, renderLetters, renderReplayed } from './deadletters-shown.ts';

const FINE = 0;
const MISSED = 1;
const UNKNOWN = 2;
const DEFAULT_LIMIT = 50;

interface Flags {
  config: string;
  json?: true;
}

/** `muster deadletters`. Exit code 0: done. 1: not completely. 2: the bus cannot be reached. */
export function deadlettersCommand(): Command {
  const subcommand = (name: string, description: string) =>
    new Command(name)
      .description(description)
      .requiredOption('--config <file>', 'the YAML file that describes the region')
      .option('--json', 'print it as JSON');
  const ended = async (work: Promise<number>): Promise<void> => {
    process.exitCode = await work;
  };
  return new Command('deadletters')
    .description('messages that regions could neither read nor apply')
    .addCommand(
      subcommand('list', 'list the latest: time, region, agent and reason')
        .option('--limit <n>', `show at most this many (default: ${DEFAULT_LIMIT})`, readLimit, DEFAULT_LIMIT)
        .action((flags: Flags & { limit: number }) => ended(run(flags, (box) => list(box, flags)))),
    )
    .addCommand(
      subcommand('show', 'print one: reason, stack trace, headers and the whole message')
        .argument('<id>', 'its id in the list')
        .action((id: string, flags: Flags) => ended(run(flags, (box) => show(box, id, flags)))),
    )
    .addCommand(
      subcommand('replay', 'publish some or all of them again, and remove them; on Kafka, mark them as settled')
        .argument('[id...]', 'their ids in the list')
        .option('--all', 'all of them')
        .action((ids: string[], flags: Flags & { all?: true }) =>
          ended(run(flags, (box, config) => replayThem(box, config, ids, flags))),
        ),
    );
}

async function run(flags: Flags, work: (box: LetterBox, config: Config) => Promise<number>): Promise<number> {
  let box: LetterBox | undefined;
  try {
    const config = await loadConfig(flags.config);
    box = await openLetterBox(config);
    return await work(box, config);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    console.error(complaint('muster deadletters', error));
    return UNKNOWN;
  } finally {
    await box?.close();
  }
}

async function list(box: LetterBox, { json, limit }: Flags & { limit: number }): Promise<number> {
  let latest: KeptLetter[] = [];
  let total = 0;
  for await (const letter of box.all()) {
    total += 1;
    latest.push(letter);
    if (latest.length >= 2 * limit) latest = latest.slice(-limit);
  }
  const letters = latest.slice(-limit).map(shownLetter);
  console.log(json ? asJson({ total, letters: letters.map(listEntry) }) : renderLetters(letters, total));
  return FINE;
}

async function show(box: LetterBox, id: string, { json }: Flags): Promise<number> {
  const letter = await box.get(id);
  if (!letter) {
    console.error(`muster deadletters: there is no dead letter ${id}; it may have been replayed`);
    return MISSED;
  }
  const shown = shownLetter(letter);
  console.log(json ? asJson({ ...listEntry(shown), stack: shown.stack, message: shown.message }) : renderLetter(shown));
  return FINE;
}

async function replayThem(
  box: LetterBox,
  config: Config,
  ids: string[],
  { json, all }: Flags & { all?: true },
): Promise<number> {
  if (all ? ids.length > 0 : ids.length === 0) throw new Error('name the dead letters to replay, or use --all');
  let bus: Bus | undefined;
  try {
    bus = await openSender(config);
    const replayed = await replay(box, bus, all ? undefined : ids);
    console.log(json ? asJson(replayed) : renderReplayed(replayed));
    return replayed.some(({ outcome }) => outcome === 'kept') ? MISSED : FINE;
  } finally {
    await bus?.close();
  }
}

const asJson = (what: unknown): string => JSON.stringify(what, undefined, 2);

function readLimit(value: string): number {
  if (!/^[1-9]\d{0,5}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}
