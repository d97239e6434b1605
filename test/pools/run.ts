import { Command, InvalidArgumentError, Option } from 'commander';
import { record, replay } from './histories.ts';
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
  record?: string;
  replay?: string;
}

/** How many pools Redis plays at once. */
const AT_ONCE = 48;
/** The same for histories. What is short is over after each act, so that no answer is a matter of chance. */
const RECORDED_AT_ONCE = 16;
const RECORDED_SHORT_MS = 1;

const flags = new Command('pools')
  .description('Play pools against the stores, and judge by a full scan whether "nobody" is a fact and who comes first')
  .option('--pools <n>', 'how many', readCount, 10_000)
  .option('--seed <n>', 'that of the first pool; the next one has the next', readCount, 1)
  .addOption(new Option('--store <name>', 'which').choices(['redis', 'memory', 'both']).default('both'))
  .addOption(
    new Option('--record <file>', 'write what one store answers to as many sequences; of both, Redis').conflicts(
      'replay',
    ),
  )
  .option('--replay <file>', 'play recorded sequences again, and print what is answered otherwise')
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

/** Opens stages one after the other. */
async function onEach(opened: (() => Promise<Stage>)[], work: (stage: Stage) => Promise<void>): Promise<void> {
  for (const open of opened) {
    const stage = await open();
    try {
      await work(stage);
    } finally {
      await stage.stop();
    }
  }
}

const sum = { passed: 0, failed: 0, skipped: 0 };
const { record: written, replay: read, store, pools, seed } = flags;
const times = { shortMs: RECORDED_SHORT_MS };
const recorded = store === 'memory' ? async () => memoryStage(times) : () => redisStage(RECORDED_AT_ONCE, times);
if (written !== undefined) {
  await onEach([recorded], async (stage) => console.log(await record(stage, written, pools, seed)));
} else if (read !== undefined) {
  await onEach([recorded], async (stage) => {
    const { lines, same, different } = await replay(stage, read);
    console.log(lines.join('\n'));
    sum.passed = same;
    sum.failed = different;
  });
} else {
  const stages = [
    ...(store === 'memory' ? [] : [() => redisStage(AT_ONCE)]),
    ...(store === 'redis' ? [] : [async () => memoryStage()]),
  ];
  await onEach(stages, async (stage) => {
    const proof = await prove(stage, { pools, seed, bounds: EVERYTHING });
    print(stage, proof);
    for (const outcome of ['passed', 'failed', 'skipped'] as const) sum[outcome] += proof[outcome];
  });
}
if (written === undefined) console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed + sum.skipped > 0 ? 1 : 0;
