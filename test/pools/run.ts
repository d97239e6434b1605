import { Command, InvalidArgumentError, Option } from 'commander';
import { EVERYTHING, type Proof, prove } from './prove.ts';
import { memoryStage, redisStage, type Stage } from './stores.ts';

function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(value);
}

interface Flags {
  pools: number;
  seed: number;
  store: 'redis' | 'memory' | 'both';
}

/** How many pools Redis plays at once. */
const AT_ONCE = 48;

const flags = new Command('pools')
  .description('Play pools against the stores, and judge by a full scan whether "nobody" is a fact and who comes first')
  .option('--pools <n>', 'how many', readCount, 10_000)
  .option('--seed <n>', 'that of the first pool; the next one has the next', readCount, 1)
  .addOption(new Option('--store <name>', 'which').choices(['redis', 'memory', 'both']).default('both'))
  .parse()
  .opts<Flags>();

function print({ name }: Stage, { passed, failed, skipped, seen, kinds, counterExamples, tookMs }: Proof): void {
  const { granted, asked, none, again, found } = seen;
  console.log(
    `${name}: ${passed} pools passed, ${failed} failed, ${skipped} skipped, in ${Math.round(tookMs / 1000)} s`,
  );
  console.log(`  ${granted} granted, ${asked} to be asked, ${none} none, ${again} again, ${found} found`);
  for (const [kind, count] of kinds) console.log(`  ${count} times: ${kind}`);
  for (const example of counterExamples) console.log(`✗ ${example}`);
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const stages = [
  ...(flags.store === 'memory' ? [] : [() => redisStage(AT_ONCE)]),
  ...(flags.store === 'redis' ? [] : [async () => memoryStage()]),
];
for (const open of stages) {
  const stage = await open();
  try {
    const proof = await prove(stage, { ...flags, bounds: EVERYTHING, isBounded: false });
    print(stage, proof);
    for (const outcome of ['passed', 'failed', 'skipped'] as const) sum[outcome] += proof[outcome];
  } finally {
    await stage.stop();
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed + sum.skipped > 0 ? 1 : 0;
