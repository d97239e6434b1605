import { startFuzzedRegion } from './region.ts';
import { fuzz, installSchemathesis } from './schemathesis.ts';

/** Asks a running region for whatever its document allows, and more. @returns whether every answer is one that the document has */
export async function fuzzApi(dir: string, seconds: number, seed: number): Promise<boolean> {
  const program = installSchemathesis(dir);
  if (program === undefined) {
    console.log('○ Not fuzzed: there is no Python 3 with venv and pip here.');
    return true;
  }
  const region = await startFuzzedRegion(dir);
  const isWell = await fuzz(program, { ...region, dir, seconds, seed });
  await region.stop();
  console.log(
    isWell ? '✓ Every answer was as the document says.' : `✗ Not as the document says; --seed ${seed} repeats it.`,
  );
  return isWell;
}
