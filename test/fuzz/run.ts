import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { startFuzzedRegion } from './region.ts';
import { fuzz, installSchemathesis } from './schemathesis.ts';

/** Asks a running region for whatever its document allows, and more: no answer may be one that the document does not have. */
const { seconds, seed } = new Command('fuzz')
  .description('Fuzz the API of a region of its own against its OpenAPI document, with Schemathesis')
  .option('--seconds <n>', 'how long, about', '60')
  .option('--seed <n>', 'where to begin: the same requests again', `${process.pid}`)
  .parse()
  .opts<{ seconds: string; seed: string }>();

const dir = await mkdtemp(join(tmpdir(), 'muster-fuzz-'));
try {
  const program = installSchemathesis(dir);
  if (program === undefined) {
    console.log('○ Not fuzzed: there is no Python 3 with venv and pip here.');
  } else {
    const region = await startFuzzedRegion(dir);
    const isWell = await fuzz(program, { ...region, dir, seconds: Number(seconds), seed: Number(seed) });
    await region.stop();
    console.log(
      isWell ? '✓ Every answer was as the document says.' : `✗ Not as the document says; --seed ${seed} repeats it.`,
    );
    process.exitCode = isWell ? 0 : 1;
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
