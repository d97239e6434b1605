import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { BUS_DRIVERS } from '../../world/bus/bus.ts';
import { fuzzApi } from './api.ts';
import { fuzzBus } from './bus.ts';
import { obstacleTo } from './bus-region.ts';

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

/** Does the work in a folder of its own; the exit code says whether all was well. */
async function within(work: (dir: string) => Promise<boolean>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-fuzz-'));
  try {
    process.exitCode = (await work(dir)) ? 0 : 1;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function fuzzBuses(dir: string, { messages, seed, bus }: BusFlags): Promise<boolean> {
  let isWell = true;
  for (const driver of bus ? [bus] : BUS_DRIVERS) {
    const obstacle = await obstacleTo(driver);
    if (obstacle !== undefined) {
      console.log(`○ ${driver} was not fuzzed: ${obstacle}`);
      continue;
    }
    const found = await fuzzBus(driver, dir, messages, seed);
    console.log(found.lines.join('\n'));
    isWell &&= found.isWell;
  }
  console.log(
    isWell
      ? '✓ No message stopped a partition; each was applied, or is a dead letter.'
      : `✗ Not every message was applied or put aside; --seed ${seed} repeats it.`,
  );
  return isWell;
}

interface ApiFlags {
  seconds: number;
  seed: number;
}

interface BusFlags {
  messages: number;
  seed: number;
  bus?: string;
}

const seedOption = (): Option =>
  new Option('--seed <n>', 'where to begin: the same again').argParser(readCount).default(process.pid);

await new Command('fuzz')
  .description('Give a region of its own what it does not expect, and see that it stays what it must be')
  .addCommand(
    new Command('api')
      .description('ask for whatever its OpenAPI document allows, and more, with Schemathesis')
      .option('--seconds <n>', 'how long, about', readCount, 60)
      .addOption(seedOption())
      .action(({ seconds, seed }: ApiFlags) => within((dir) => fuzzApi(dir, seconds, seed))),
    { isDefault: true },
  )
  .addCommand(
    new Command('bus')
      .description('send it messages of every kind through its bus, by both drivers')
      .option('--messages <n>', 'how many', readCount, 100_000)
      .addOption(seedOption())
      .addOption(new Option('--bus <driver>', 'only this one').choices([...BUS_DRIVERS]))
      .action((flags: BusFlags) => within((dir) => fuzzBuses(dir, flags))),
  )
  .parseAsync();
