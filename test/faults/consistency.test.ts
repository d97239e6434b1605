import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BusMessage } from '../../src/bus/bus.ts';
import { readFields, type StreamEntry } from '../../src/bus/envelope.ts';
import { createRedisStreamsBus } from '../../src/bus/redis-streams/redis-streams.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, eventOf, type Process, type Regions, startRegions } from '../fixtures/regions.ts';
import { silent } from '../fixtures/store.ts';
import { type Said, say } from '../fixtures/tokens.ts';

const sinceMs = RECENTLY_MS;
const WORKERS = 8;
const AGENTS_EACH = 24;
const PARTITIONS = 12;
let regions: Regions;
let queuesOf: string[];
/** The instances that can be asked, and the region of each. */
const living = new Map<Process, string>();

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], instances: 2, replicas: false });
  const [eu] = regions.all as [Regions[0]];
  await bringOnDuty(eu, WORKERS * AGENTS_EACH, regions.all, sinceMs);
  for (const { name, processes } of regions.all) for (const each of processes) living.set(each, name);
  queuesOf = Array.from({ length: WORKERS }, (_, n) => `crm-eu:worker-${n}`);
});
afterAll(() => regions.stop());

const STAGES = ['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'];

/** What the reads of all workers came to. */
class Tally {
  /** Reads whose answer was older than the write whose token they carried. */
  readonly past: string[] = [];
  readonly reads = { here: 0, elsewhere: 0, refused: 0, failed: 0 };

  async ask(what: string, path: string, token: string, isPast: (body: Said['body']) => boolean): Promise<void> {
    const [process, region] = anyone();
    const read = await attempt(say(process.url + path, { token }));
    if (read === undefined || read.status >= 500) this.reads.failed++;
    else if (read.status === 409) this.reads.refused++;
    else {
      this.reads[read.by === region ? 'here' : 'elsewhere']++;
      if (read.status !== 200 || isPast(read.body)) this.past.push(`${what}: ${JSON.stringify(read).slice(0, 500)}`);
    }
  }
}

function anyone(): [Process, string] {
  const all = [...living];
  return all[Math.floor(Math.random() * all.length)] as [Process, string];
}

/** A request that may meet an instance that has just died. */
const attempt = (said: Promise<Said>): Promise<Said | undefined> => said.catch(() => undefined);

/** Writes and reads its own agents, in turn and with tokens, at instances taken at random. */
async function work(worker: number, tally: Tally, isOver: () => boolean): Promise<void> {
  const ids = Array.from({ length: AGENTS_EACH }, (_, i) => `crm-eu:${worker * AGENTS_EACH + i}`);
  const profile = { queues: [queuesOf[worker]], skills: {} };
  let at = sinceMs + 1_000_000;
  let earlier: object[] = [];
  for (let round = 0; !isOver(); round++) {
    const status = round % 2 === 0 ? 'AVAILABLE' : 'OFFLINE';
    const written = round % 5 === 4 ? ids : [ids[round % AGENTS_EACH] as string];
    const events = written.map((id) => eventOf(id, status, ++at, { profile }));
    // Late repetitions of what was said before travel beside it.
    const [said] = await Promise.all([
      attempt(say(`${anyone()[0].url}/v1/events`, { body: events })),
      earlier.length > 0 ? attempt(say(`${anyone()[0].url}/v1/events`, { body: earlier })) : undefined,
    ]);
    earlier = events;
    if (said?.status !== 202) continue;
    const isOld = (body: Said['body']): boolean => body.facets.presence.at < (events[0]?.timestamp ?? 0);
    const reads = [...written.slice(0, 3), written.at(-1) as string].map((id) =>
      tally.ask(`${id} ${status}`, `/v1/agents/${encodeURIComponent(id)}`, said.token, isOld),
    );
    const queue = `/agents/available?queue=${queuesOf[worker]}&limit=50`;
    const isListed = ({ agents }: Said['body']): boolean =>
      agents.some(({ agent_id }: { agent_id: string }) => written.includes(agent_id));
    reads.push(tally.ask(`${queue} ${status}`, queue, said.token, (body) => status === 'OFFLINE' && isListed(body)));
    await Promise.all(reads);
    if (status === 'AVAILABLE') await claim(worker, round, tally);
  }
}

/** Takes a claim through its life anywhere, and reads it anywhere after each step. */
async function claim(worker: number, round: number, tally: Tally): Promise<void> {
  const body = { queue: queuesOf[worker], call_id: `${worker}-${round}`, budget_ms: 1000 };
  let write = await attempt(say(`${anyone()[0].url}/v1/claims`, { body }));
  if (write?.status !== 201) return;
  const id = `/v1/claims/${encodeURIComponent(write.body.claim_id)}`;
  for (const next of ['confirm', 'release', undefined]) {
    const { state } = write.body;
    await tally.ask(`${id} ${state}`, id, write.token, (body) => STAGES.indexOf(body.state) < STAGES.indexOf(state));
    const settled = next ? await attempt(say(`${anyone()[0].url}${id}/${next}`, { body: {} })) : undefined;
    if (settled?.status !== 200) return;
    write = settled;
  }
}

/** Publishes what is on the bus again, late and in any order, as two relays of one partition would. */
async function repeat(isOver: () => boolean): Promise<void> {
  const seen: { partition: number; message: BusMessage }[] = [];
  const client = createClient({ url: regions.bus.url });
  client.on('error', () => undefined);
  await client.connect();
  const topic = 'agent.status.change';
  const names = regions.all.map(({ name }) => name);
  const shared = { url: regions.bus.url, topic, partitions: PARTITIONS, clock: systemClock, log: silent };
  const bus = createRedisStreamsBus({ ...shared, region: 'eu', regions: names, instance: 'second-relay' });
  for (let n = 0; !isOver(); n++) {
    const partition = n % PARTITIONS;
    const entries = await client.sendCommand<StreamEntry[]>([
      'XRANGE',
      `${topic}:${partition}`,
      '-',
      '+',
      'COUNT',
      '5',
    ]);
    for (const [, fields] of entries) seen.push({ partition, message: readFields(fields) });
    const again = seen[Math.floor(Math.random() * seen.length)];
    if (again) await bus.publish(again.partition, [again.message]).catch(() => undefined);
    await delay(5);
  }
  client.destroy();
  await bus.close();
}

async function replaceOne(region: Regions[0]): Promise<void> {
  const [victim] = region.processes as [Process];
  await victim.signal('SIGKILL');
  living.delete(victim);
  living.set(await region.spawn(), region.name);
}

describe('reads that carry tokens, while the bus stalls and repeats and an instance dies', () => {
  it('never answer with the past', async () => {
    const tally = new Tally();
    let over = false;
    const isOver = (): boolean => over;
    const running = [...queuesOf.map((_, worker) => work(worker, tally, isOver)), repeat(isOver)];
    const read = (count: number) => expect.poll(() => tally.reads.here, { timeout: 60_000 }).toBeGreaterThan(count);
    await read(300);
    for (const meanwhile of [async () => undefined, () => replaceOne(regions.all[1] as Regions[0])]) {
      const asked = tally.reads.elsewhere;
      await regions.bus.kill('SIGSTOP');
      await expect.poll(() => tally.reads.elsewhere, { timeout: 60_000 }).toBeGreaterThan(asked + 20);
      await regions.bus.kill('SIGCONT');
      await meanwhile();
      await read(tally.reads.here + 150);
    }
    over = true;
    await Promise.all(running);
    expect(tally.past).toEqual([]);
    expect(tally.reads.here).toBeGreaterThan(tally.reads.refused + tally.reads.failed);
  });
});
