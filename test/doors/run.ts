import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import type { Config } from '../../src/config/schema.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { LEASES } from '../../src/store/record/record.ts';
import { Cluster } from '../../src/store/redis/cluster.ts';
import { leaseKey } from '../../src/store/redis/leases.ts';
import { type FuzzedRegion, startFuzzedRegion } from '../fuzz/region.ts';
import { Coverage, type Executed, everyTime, namesByFile } from './coverage.ts';

/** Requests that are not counted: they do the work that is done once. */
const WARM_UP = 5;
/** A function counts if each of these requests called it. */
const COUNTED = 15;
/** Time for what a request leaves to be done, in ms. */
const QUIET_MS = 50;
/** Events start from the agent who became free last: claims take those who have been free for longest. */
const LAST_AGENT = 49;

/**
 * `npm run doors`: how many files and functions of src a reader of one claim, or of one event, passes through. One real
 * region in this process, with one instance that asks for tokens, one home, and agents who are there.
 */
interface Count {
  files: number;
  functions: number;
}

const { json } = new Command('doors')
  .description('Count the files and named functions of src that execute for one claim and for one event over HTTP')
  .option('--json', 'print {claim: {files, functions}, event: {files, functions}}')
  .parse()
  .opts<{ json?: boolean }>();

const dir = await mkdtemp(join(tmpdir(), 'muster-doors-'));
try {
  const region = await startFuzzedRegion(dir, leaveRelayingToAnother);
  const coverage = await Coverage.start();
  try {
    const claim = await countedOf(coverage, (n) => post(region, '/v1/claims', claimOf(n)));
    const event = await countedOf(coverage, (n) => post(region, '/v1/events', eventOf(n)));
    if (json) console.log(JSON.stringify({ claim: countOf(claim), event: countOf(event) }));
    else console.log([describe('claim', claim), describe('event', event)].join('\n\n'));
  } finally {
    coverage.stop();
    await region.stop();
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}

/**
 * The changes wait for another instance to relay them to the bus. This one would do so beside the request, and sometimes
 * be through before its answer. That it hears itself tell the other one can make a difference of one function.
 */
async function leaveRelayingToAnother({ redis, bus }: Config): Promise<void> {
  const cluster = await Cluster.connect({ nodes: redis.nodes }, systemClock, createLog('error', 'eu', 'doors'));
  for (let partition = 0; partition < bus.partitions; partition++) {
    const key = leaseKey(LEASES.relay, partition);
    await cluster.command(key, ['SET', key, 'another instance']);
  }
  await cluster.close();
}

/** Sends one request after the other. @param send sends the nth */
async function countedOf(coverage: Coverage, send: (n: number) => Promise<void>): Promise<Executed> {
  const executed: Executed[] = [];
  for (let n = 0; n < WARM_UP + COUNTED; n++) {
    const one = await coverage.during(() => send(n));
    if (n >= WARM_UP) executed.push(one);
    await delay(QUIET_MS);
  }
  return everyTime(executed);
}

function claimOf(n: number): object {
  return { queue: 'support', call_id: `call-${n}` };
}

/** A break of another agent each time, none of whom has a claim. */
function eventOf(n: number): object {
  return {
    event_id: `pause-${n}`,
    agent_id: `crm:${LAST_AGENT - n}`,
    status: 'BUSY',
    reason: 'BREAK',
    timestamp: Date.UTC(2026, 0, 2) + n,
  };
}

async function post({ url, token }: FuzzedRegion, path: string, body: object): Promise<void> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${path} was answered by ${response.status}: ${answer}`);
}

function countOf(executed: Executed): Count {
  const files = [...namesByFile(executed).values()];
  return { files: files.length, functions: files.flat().length };
}

/** By folder a line for each file, with the functions that execute. */
function describe(what: string, executed: Executed): string {
  const { files, functions } = countOf(executed);
  const byFolder = Map.groupBy(namesByFile(executed), ([file]) => dirname(file));
  const lines = [...byFolder]
    .toSorted()
    .flatMap(([folder, found]) => [
      `  ${folder} (${found.length})`,
      ...found.map(([file, names]) => `    ${relative(folder, file).padEnd(24)} ${names.join(', ')}`.trimEnd()),
    ]);
  return [`One ${what}: ${files} files, ${functions} named functions`, ...lines].join('\n');
}
