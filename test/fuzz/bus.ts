import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Bus, type BusMessage, MessageRefused } from '../../src/bus/bus.ts';
import { CLAIM_CONFLICT, HEARTBEAT, partitionOf } from '../../src/bus/envelope.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { openLetterBox, openSender } from '../../src/serve/letters.ts';
import { BUSES, type BusRegion, PARTITIONS, REGION, startBusRegion } from './bus-region.ts';
import { FuzzedMessages, NUMBER } from './messages.ts';

/** What became of messages, by outcome. */
type Tally = Record<string, number>;

/** A message as far as it is needed to find out what became of it. */
interface Sent {
  event: string | undefined;
  isPassedOver: boolean;
}

export interface BusFuzzed {
  isWell: boolean;
  /** What was found, line by line. */
  lines: string[];
}

const BATCH = 200;
/** Larger ones go alone, so that one that is refused costs no others a second try. */
const ALONE_BYTES = 40_000;
/** A partition on which the region has read nothing more for so long stands still. */
const STILL_MS = 60_000;
const LOOK_EVERY_MS = 250;
const EXAMPLES = 5;

/** Sends so many messages of every kind through a bus into a running region, and finds out what became of each. */
export async function fuzzBus(driver: string, dir: string, messages: number, seed: number): Promise<BusFuzzed> {
  const rejections: unknown[] = [];
  const note = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', note).on('uncaughtException', note);
  const bus = await BUSES[driver]?.(join(dir, driver, 'bus'));
  if (!bus) throw new Error(`there is no bus ${driver}`);
  const region = await startBusRegion(join(dir, driver), bus);
  try {
    const sender = await openSender(region.config);
    const startedMs = systemClock.monotonicMs();
    const { sent, tally, kinds } = await send(sender, messages, seed);
    const behind = await drained(sender);
    const tookS = (systemClock.monotonicMs() - startedMs) / 1000;
    const missing = await judge(region, sent, tally);
    const goesOn = await takesOneMore(region, sender);
    await sender.close();
    return told({ driver, messages, seed, tally, kinds, behind, missing, rejections, goesOn, tookS });
  } finally {
    await region.stop();
    process.off('unhandledRejection', note).off('uncaughtException', note);
  }
}

async function send(bus: Bus, messages: number, seed: number) {
  const fuzzed = new FuzzedMessages(seed, systemClock.nowMs(), REGION);
  const sent = new Map<string, Sent>();
  const tally: Tally = {};
  const kinds: Tally = {};
  for (let from = 0; from < messages; from += BATCH) {
    const batches = new Map<number, BusMessage[]>();
    for (let n = from; n < Math.min(from + BATCH, messages); n++) {
      const { kind, message } = fuzzed.next();
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      const partition = partitionOf(message.key, PARTITIONS);
      const isLarge = message.value.length > ALONE_BYTES;
      const isTaken = !isLarge || (await isPublished(bus, partition, message));
      if (isTaken) sent.set(message.headers[NUMBER] ?? '', lookOf(message));
      else count(tally, 'refused by the bus');
      if (!isLarge) batches.set(partition, [...(batches.get(partition) ?? []), message]);
    }
    await Promise.all([...batches].map(([partition, batch]) => bus.publish(partition, batch)));
  }
  return { sent, tally, kinds };
}

/** A broker takes no message that is larger than its topic allows. */
async function isPublished(bus: Bus, partition: number, message: BusMessage): Promise<boolean> {
  try {
    await bus.publish(partition, [message]);
    return true;
  } catch (error) {
    if (!(error instanceof MessageRefused)) throw error;
    return false;
  }
}

/** The name of its event, as whoever reads it finds it; and whether it is one that changes nothing, if it can be read. */
function lookOf({ headers, value }: BusMessage): Sent {
  const type = headers.ce_type ?? '';
  let event: unknown;
  try {
    event = (JSON.parse(value.toWellFormed()) as { event_id?: unknown } | null)?.event_id;
  } catch {
    // It is no JSON, and will be a dead letter.
  }
  const isPassedOver = type === HEARTBEAT || type === CLAIM_CONFLICT;
  return { event: typeof event === 'string' ? event : undefined, isPassedOver };
}

/** Waits until the region has read everything. @returns the partitions on which it has not */
async function drained(bus: Bus): Promise<number[]> {
  const read = new Set<number>();
  const least = new Map<number, number>();
  let movedMs = systemClock.monotonicMs();
  // Heartbeats are under way all the time, so each partition is to be at its end once.
  while (read.size < PARTITIONS && systemClock.monotonicMs() - movedMs < STILL_MS) {
    for (const { partition, behind } of await bus.lag()) {
      if (behind === 0) read.add(partition);
      if (behind >= (least.get(partition) ?? Number.POSITIVE_INFINITY)) continue;
      least.set(partition, behind);
      movedMs = systemClock.monotonicMs();
    }
    await delay(LOOK_EVERY_MS);
  }
  return [...Array(PARTITIONS).keys()].filter((partition) => !read.has(partition));
}

/** Finds each message among what was applied or put aside. @returns the numbers of those that are nowhere */
async function judge(region: BusRegion, sent: Map<string, Sent>, tally: Tally): Promise<string[]> {
  const handled = new Map<string, string[]>();
  for await (const line of createInterface({ input: createReadStream(region.history) })) {
    const { op, phase, via, event } = JSON.parse(line) as Record<string, string>;
    if (op !== 'event' || via !== 'bus' || event === undefined || phase === undefined) continue;
    handled.set(event, [...(handled.get(event) ?? []), phase]);
  }
  const letters = new Set<string>();
  const box = await openLetterBox(region.config);
  for await (const { letter } of box.all()) letters.add(letter.headers[NUMBER] ?? '');
  await box.close();
  const missing: string[] = [];
  for (const [number, { event, isPassedOver }] of sent) {
    if (letters.has(number)) count(tally, 'dead letters');
    else if (isPassedOver) count(tally, 'heartbeats and the like');
    else {
      // One outcome for each message, though several have one name.
      const outcome = event === undefined ? undefined : handled.get(event)?.shift();
      if (outcome === undefined) missing.push(number);
      else count(tally, outcome);
    }
  }
  return missing;
}

/** After all of it the region takes an ordinary event. */
async function takesOneMore({ url }: BusRegion, bus: Bus): Promise<boolean> {
  const agent_id = 'crm:after all';
  const id = agent_id.replace(' ', '-');
  const payload = { event_id: 'fuzz-after', timestamp: systemClock.nowMs(), agent_id: id, status: 'AVAILABLE' };
  const value = JSON.stringify({ ...payload, region_source: REGION });
  await bus.publish(partitionOf(id, PARTITIONS), [{ key: id, headers: {}, value }]);
  const untilMs = systemClock.monotonicMs() + STILL_MS;
  while (systemClock.monotonicMs() < untilMs) {
    const answer = await fetch(`${url}/v1/agents/${id}`);
    const { status } = (await answer.json()) as { status?: unknown };
    if (answer.ok && status === 'AVAILABLE') return true;
    await delay(LOOK_EVERY_MS);
  }
  return false;
}

interface Found {
  driver: string;
  messages: number;
  seed: number;
  tally: Tally;
  kinds: Tally;
  behind: number[];
  missing: string[];
  rejections: unknown[];
  goesOn: boolean;
  tookS: number;
}

function told({ driver, messages, seed, tally, kinds, behind, missing, rejections, goesOn, tookS }: Found): BusFuzzed {
  const sum = Object.values(tally).reduce((total, each) => total + each, 0);
  const isWell = behind.length + missing.length + rejections.length === 0 && sum === messages && goesOn;
  const parts = (counts: Tally) =>
    Object.entries(counts)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ');
  const lines = [
    `${driver}: ${messages} messages in ${tookS.toFixed(1)} s: ${parts(kinds)}`,
    `  ${parts(tally)}: ${sum} of ${messages}`,
    `  ${behind.length} partitions stopped, ${rejections.length} unhandled rejections, ${missing.length} messages nowhere`,
  ];
  if (behind.length > 0) lines.push(`  not read to the end: partitions ${behind.join(', ')}`);
  if (missing.length > 0) lines.push(`  nowhere: ${missing.slice(0, EXAMPLES).join(', ')}`);
  for (const reason of rejections.slice(0, EXAMPLES)) lines.push(`  ${(reason as Error)?.stack ?? reason}`);
  if (!goesOn) lines.push('  an ordinary event behind them was not applied');
  if (!isWell) lines.push(`  --seed ${seed} repeats it`);
  return { isWell, lines };
}

const count = (tally: Tally, what: string): void => {
  tally[what] = (tally[what] ?? 0) + 1;
};
