import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../src/ops/clock.ts';
import { LANES } from './names.ts';
import { Proof, TRIALS, type Trial, trialName } from './prove.ts';
import { startRegions } from './regions.ts';

/** Pairs of regions that prove at once: most of the time they wait. */
const AT_ONCE = 3;

const isChosen = (trial: Trial, names: string[] | undefined): boolean =>
  !names || names.some((name) => `${trialName(trial)}:`.startsWith(`${name}:`));

/** Kills an instance and fails a master over between every two commands of the write path; record, queues, stream and bus must agree. */
const { only, list } = new Command('crash-points')
  .description(
    'Kill -9 and failovers between every two commands of the write path: record, queues and stream never disagree',
  )
  .option(
    '--only <names>',
    'those alone, separated by commas; a name is `kill:event:commit:sent`, or a part of it from the left',
    readNames,
  )
  .option('--list', 'print the names, and end')
  .parse()
  .opts<{ only?: string[]; list?: boolean }>();

function readNames(text: string): string[] {
  const names = text.split(',');
  const unknown = names.find((name) => !TRIALS.some((trial) => isChosen(trial, [name])));
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no point "${unknown}"; --list prints them.`);
  return names;
}

const chosen = TRIALS.filter((trial) => isChosen(trial, only));
const width = Math.max(...TRIALS.map((trial) => trialName(trial).length));
const tally = { passed: 0, failed: 0, skipped: 0 };

function report(name: string, said: string[], sinceMs: number): void {
  tally[said.length === 0 ? 'passed' : 'failed']++;
  const seconds = ((systemClock.monotonicMs() - sinceMs) / 1000).toFixed(1);
  console.log(`${said.length === 0 ? '✓' : '✗'} ${name.padEnd(width)} ${seconds.padStart(5)} s`);
  for (const line of said) console.log(`    ${line}`);
}

/** One pair of regions, which records and then takes one trial after the other. A pair that broke is left for a new one. */
async function work(dir: string, trials: Trial[], records: boolean): Promise<void> {
  let regions: Awaited<ReturnType<typeof startRegions>> | undefined;
  let proof: Proof | undefined;
  const attempt = async (name: string, prove: (proof: Proof) => Promise<string[]>): Promise<void> => {
    const sinceMs = systemClock.monotonicMs();
    let said: string[];
    try {
      regions ??= await startRegions(await mkdtemp(join(dir, 'regions-')));
      proof ??= new Proof(regions);
      said = await prove(proof);
    } catch (error) {
      said = [error instanceof Error ? (error.stack ?? error.message) : String(error)];
    }
    report(name, said, sinceMs);
    if (said.length === 0) return;
    await regions?.stop();
    [regions, proof] = [undefined, undefined];
  };
  if (records) await attempt(`the write path (${Object.keys(LANES).join(', ')})`, (each) => each.record());
  for (let trial = trials.shift(); trial; trial = trials.shift()) {
    const next = trial;
    await attempt(trialName(next), (each) => each.at(next));
  }
  await regions?.stop();
}

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

if (list) {
  for (const trial of TRIALS) console.log(trialName(trial));
} else {
  const dir = await mkdtemp(join(tmpdir(), 'muster-crash-points-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  try {
    const trials = [...chosen];
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => work(dir, trials, !only && i === 0)));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}
