import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Signals } from '../../world/tools/signals.ts';
import { bring, versionOf } from './bring.ts';
import { NotHad } from './not-had.ts';
import { nameOf, pinnedServers, sourceOf, titleOf } from './servers.ts';
import { type Outcome, tryTests, tryWorld } from './trial.ts';

interface Flags {
  only?: string[];
  server?: string;
}

/** A server to try. @throws NotHad when it is asked for its path and cannot be had */
interface Candidate {
  title: string;
  path(): Promise<string>;
}

const PINNED = pinnedServers();
const UNUSABLE = 2;

await new Command('matrix')
  .description('Run the local world, and the tests that depend on it, on every version of Redis and Valkey')
  .option('--only <names>', `some versions, with commas: ${PINNED.map(nameOf).join(', ')}`, readNames)
  .addOption(new Option('--server <path>', 'a server of your own, and no other').conflicts('only'))
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : UNUSABLE))
  .action(async (flags: Flags) => {
    process.exitCode = await tryAll(flags.server === undefined ? pinned(flags.only) : [await given(flags.server)]);
  })
  .parseAsync();

function readNames(list: string): string[] {
  const names = list.split(',');
  const known = PINNED.map(nameOf);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no ${unknown}; there are ${known.join(', ')}.`);
  return names;
}

function pinned(only?: string[]): Candidate[] {
  const servers = PINNED.filter((server) => only === undefined || only.includes(nameOf(server)));
  return servers.map((server) => ({
    title: `${titleOf(server)}  (${sourceOf(server)})`,
    path: () => bring(server),
  }));
}

async function given(path: string): Promise<Candidate> {
  return { title: `${path}  (${await versionOf(path).catch(() => 'unknown version')})`, path: async () => path };
}

/** @returns the exit code: 0 if at least one server was tried, and none failed */
async function tryAll(candidates: Candidate[]): Promise<number> {
  const signals = new Signals();
  signals.asked.addEventListener('abort', () =>
    console.log('  Ends when this part has ended; a second signal ends it at once.'),
  );
  const dir = await mkdtemp(join(tmpdir(), 'muster-matrix-'));
  const verdicts = { passed: 0, failed: 0, skipped: 0 };
  const skipped: string[] = [];
  try {
    for (const candidate of candidates) {
      if (signals.asked.aborted) break;
      console.log(candidate.title);
      const verdict = await tryOne(candidate, dir, signals.asked);
      if (typeof verdict === 'string') skipped.push(`${candidate.title}: ${verdict}`);
      verdicts[typeof verdict === 'string' ? 'skipped' : verdict ? 'passed' : 'failed']++;
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
    signals.ignore();
  }
  if (skipped.length > 0) console.log(`\nNOT TRIED\n${skipped.map((line) => `  ${line}`).join('\n')}`);
  if (verdicts.passed + verdicts.failed === 0) console.log('\nNo server was tried, so nothing is proven.');
  console.log(`\n${verdicts.passed} passed, ${verdicts.failed} failed, ${verdicts.skipped} skipped`);
  return verdicts.failed === 0 && verdicts.passed > 0 && !signals.asked.aborted ? 0 : 1;
}

/** Whether it passed, or why it was not tried. */
async function tryOne({ path }: Candidate, dir: string, signal: AbortSignal): Promise<boolean | string> {
  let server: string;
  try {
    server = await path();
  } catch (error) {
    if (!(error instanceof NotHad)) throw error;
    console.log(`  ○ SKIPPED: ${error.message}`);
    return error.message;
  }
  const place = await mkdtemp(join(dir, 'one-'));
  let isWell = true;
  for (const attempt of [tryWorld, tryTests]) {
    if (signal.aborted) return false;
    const outcome = await attempt(server, place, signal);
    show(outcome);
    isWell &&= outcome.ok;
  }
  return isWell;
}

function show({ part, ok, summary, tookMs, lastWords }: Outcome): void {
  console.log(`  ${ok ? '✓' : '✗'} ${part}  ${summary}  (${Math.round(tookMs / 1000)} s)`);
  for (const line of lastWords) console.log(`      ${line}`);
}
