import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../src/ops/clock.ts';
import { bus } from './bus.ts';
import { events } from './events.ts';
import { http } from './http.ts';
import { scale } from './scale.ts';
import { table } from './table.ts';
import type { Finding, Topic } from './topic.ts';
import { claims, lookups } from './walks.ts';
import { startWorld } from './world.ts';

/** `npm run bench`: the cost of lookups, claims, events and the bus on real Redis Clusters and a real Kafka, beside raw floors. */
const TOPICS: Topic[] = [lookups, claims, http, events, bus, scale];

interface Flags {
  seconds: number;
  only?: string;
  json?: string;
  large?: boolean;
}

const HOW_TO_READ = `Each row: p50 and p99 of one operation at the caller, the rate, the time of one script inside Redis, and the
commands (EVALSHA, WAIT) sent for it. "÷ floor": p50 by the floor's p50, the median of 5 interleaved repetitions and, in brackets, the
lowest and highest. Client, servers and replicas share this machine: trust ratios and counts more than rates.`;

const { seconds, only, json, large } = new Command('bench')
  .description('Measures Muster on a real Redis Cluster of 3 masters and 3 replicas, beside the raw floor')
  .option('--seconds <number>', 'measured time of each operation', positive, 1.5)
  .addOption(new Option('--only <name>', 'one topic').choices(TOPICS.map(({ name }) => name)))
  .option('--json <file>', 'also write the numbers to this file, as JSON')
  .option('--large', 'also measure a domain of 1,000,000 agents, which takes minutes to load')
  .parse()
  .opts<Flags>();

const startedMs = systemClock.monotonicMs();
const world = await startWorld();
try {
  const machine = await describeMachine();
  console.log(`${machine}\n\n${HOW_TO_READ}`);
  const findings: Finding[] = [];
  for (const topic of TOPICS.filter(({ name, isLarge }) => (only ? name === only : large || !isLarge))) {
    for (const finding of await topic.measure(world, { seconds })) {
      findings.push(finding);
      console.log(`\n${table(finding)}`);
    }
  }
  if (json) writeFileSync(json, `${JSON.stringify({ machine, findings }, null, 2)}\n`);
} finally {
  await world.stop();
}
console.log(`\nDone in ${Math.round((systemClock.monotonicMs() - startedMs) / 1000)} s.`);

async function describeMachine(): Promise<string> {
  const cores = cpus();
  return `${cores.length} cores (${cores[0]?.model.trim()}), Node ${process.versions.node}, Redis ${await world.redisVersion()}, 3 masters and 3 replicas on this machine`;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}
