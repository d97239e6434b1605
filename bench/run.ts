import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/ops/clock.ts';
import { bus } from './bus.ts';
import { claims } from './claims.ts';
import { events } from './events.ts';
import { historyLine, type Run, readHistory, revisionOf, sideBySide } from './history.ts';
import { http } from './http.ts';
import { inJson } from './json.ts';
import { lookups } from './lookups.ts';
import { CannotRun, type Options, readOptions } from './options.ts';
import { scale } from './scale.ts';
import { scarcity } from './scarcity.ts';
import { table, targetTable } from './table.ts';
import type { Finding, Topic } from './topic.ts';
import { startWorld } from './world.ts';

/** `npm run bench`: the cost of what Muster does on real Redis Clusters and a real Kafka, beside raw floors. */
const TOPICS: Topic[] = [claims, lookups, http, events, bus, scarcity, scale];

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HISTORY = 'bench/history.jsonl';
const EXIT = { missed: 1, cannotRun: 2 };

const HOW_TO_READ = `Each row: p50 and p99 of one operation at the caller, the rate, the time of all scripts inside Redis ÷ operations, and
the commands (EVALSHA, WAIT) ÷ operations. "÷ floor": p50 by the floor's p50, the median of 5 interleaved repetitions and, in
brackets, the lowest and highest. Client, servers and replicas share this machine: trust ratios and counts more than rates.`;

try {
  const options = readOptions(process.argv.slice(2), TOPICS);
  if (options?.revision !== undefined) console.log(sideBySide(historySoFar(), options.revision));
  else if (options) await run(options);
} catch (error) {
  console.error(error instanceof CannotRun ? error.message : error);
  process.exitCode = EXIT.cannotRun;
}

async function run(options: Options): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  // With --json, standard output is for the numbers alone.
  const say = options.isJson ? console.error : console.log;
  const world = await startWorld();
  const findings: Finding[] = [];
  try {
    const redis = await world.redisVersion();
    say(`${describeMachine(redis)}\n\n${HOW_TO_READ}`);
    for (const topic of options.topics) {
      for (const finding of await topic.measure(world, options)) {
        findings.push(finding);
        say(`\n${table(finding)}`);
      }
    }
    if (!options.isQuick) keep(findings, redis, options.seconds);
  } finally {
    await world.stop();
  }
  const targets = findings.flatMap((finding) => finding.targets);
  if (targets.length > 0) say(`\n${targetTable(targets)}`);
  say(`\nDone in ${Math.round((systemClock.monotonicMs() - startedMs) / 1000)} s.`);
  if (options.isJson) console.log(inJson(findings));
  if (!targets.every(({ ok }) => ok)) process.exitCode = EXIT.missed;
}

function describeMachine(redis: string): string {
  const cores = cpus();
  return `${cores.length} cores (${cores[0]?.model.trim()}), Node ${process.versions.node}, Redis ${redis}, 3 masters and 3 replicas on this machine`;
}

function historySoFar(): Run[] {
  const file = join(ROOT, HISTORY);
  return existsSync(file) ? readHistory(readFileSync(file, 'utf8')) : [];
}

function keep(findings: Finding[], redis: string, seconds: number): void {
  const conditions = {
    date: new Date(systemClock.nowMs()).toISOString().slice(0, 'yyyy-mm-dd'.length),
    revision: revisionOf(ROOT, HISTORY),
    node: process.versions.node,
    redis,
    cores: cpus().length,
    seconds,
  };
  const targets = findings.flatMap((finding) => finding.targets);
  appendFileSync(join(ROOT, HISTORY), historyLine(conditions, targets));
}
