import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandMeter, type CommandStats, difference } from '../../bench/command-meter.ts';
import { SOON } from '../fixtures/soon.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

/**
 * What reaches Redis for one request, as the masters themselves count it. `INFO commandstats` counts what scripts call,
 * too, and cannot tell it from what clients send; so commands that scripts call are compared with what they call.
 */
const OF_SCRIPTS = [
  ...['time', 'hget', 'hmget', 'hset', 'hdel'],
  ...['zrange', 'zadd', 'zrem', 'zcount', 'xadd', 'xlen', 'hincrby'],
];
/** The probe of the breakers, the nodes among themselves, and the reading. */
const OF_THE_HOUSE = ['role', 'replconf', 'ping', 'info'];
/** The probe of a master is one of each. */
const [PROBES, WRITES_OF_PROBES] = ['role', 'set'] as const;

let store: Store;
let meter: CommandMeter;
let d: Domain;

beforeAll(async () => {
  store = await startStore();
  meter = await CommandMeter.connect((await store.redis.masters()).map(({ port }) => port));
  d = store.domain('counted');
  // As an instance that relays the domain itself: it signals nobody.
  d.store.outbox.relayed = new Set([d.name]);
  d.store.outbox.onAppend = () => true;
  for (let i = 0; i < 40; i++) await d.free(`agent-${i}`, 1000 + i);
});
afterAll(async () => {
  meter?.close();
  await store?.stop();
});

async function countedDuring(work: () => Promise<unknown>): Promise<CommandStats> {
  // The first call on a connection may be more than one command.
  await Promise.all([find(), d.claim('first')]);
  await justProbed();
  const before = await meter.read();
  await work();
  return difference(before, await meter.read());
}

/** Resolves after a probe of every master, so that no half of one falls into what is counted next. */
async function justProbed(): Promise<void> {
  const probes = async (): Promise<number> => calls(await meter.read(), PROBES);
  const before = await probes();
  const masters = (await store.redis.masters()).length;
  await expect.poll(probes, { ...SOON, interval: 5 }).toBeGreaterThanOrEqual(before + masters);
}

const find = () =>
  d.queues.find({
    domain: d.name,
    queue: d.queue,
    media: 'voice',
    skills: {},
    passOver: new Map(),
    vouched: [],
    explain: false,
    limit: 1,
  });

const calls = (stats: CommandStats, name: string): number => stats.get(name)?.calls ?? 0;

function expectNothingBut(stats: CommandStats, sent: string[]): void {
  const known = new Set([...sent, ...OF_SCRIPTS, ...OF_THE_HOUSE]);
  if (calls(stats, WRITES_OF_PROBES) <= calls(stats, PROBES)) known.add(WRITES_OF_PROBES);
  expect([...stats.keys()].filter((name) => !known.has(name))).toEqual([]);
}

test('a claim is one EVALSHA and the WAIT of its batch', async () => {
  const stats = await countedDuring(async () => {
    for (let i = 0; i < 10; i++) expect(await d.claim(`one by one ${i}`)).toMatchObject({ verdict: 'granted' });
  });
  expect(calls(stats, 'evalsha')).toBe(10);
  expect(calls(stats, 'wait')).toBe(10);
  // The script compares the format, asks whether the call is known, and reads the first agent's header. This instance knows the facets.
  expect([calls(stats, 'hmget'), calls(stats, 'hget')]).toEqual([20, 10]);
  // The writes of the store are counted, and each claim is in the change stream.
  expect([calls(stats, 'hincrby'), calls(stats, 'xadd')]).toEqual([10, 10]);
  expectNothingBut(stats, ['evalsha', 'wait']);
});

test('claims that wait at the same time share a script call and a WAIT', async () => {
  const stats = await countedDuring(() =>
    Promise.all(Array.from({ length: 20 }, (_, i) => d.claim(`at once ${i}`))).then((replies) =>
      expect(replies.every(({ verdict }) => verdict === 'granted')).toBe(true),
    ),
  );
  // The first leaves alone, the others gather meanwhile.
  expect([calls(stats, 'evalsha'), calls(stats, 'wait')]).toEqual([2, 2]);
  expectNothingBut(stats, ['evalsha', 'wait']);
});

test('a lookup is one EVALSHA, writes nothing and needs no WAIT', async () => {
  const stats = await countedDuring(async () => {
    for (let i = 0; i < 10; i++) expect((await find()).agents).toHaveLength(1);
  });
  expect(calls(stats, 'evalsha')).toBe(10);
  for (const write of ['wait', 'hset', 'zadd', 'zrem']) expect([write, calls(stats, write)]).toEqual([write, 0]);
  expectNothingBut(stats, ['evalsha']);
});

test('a script that its master has lost costs one refusal and one EVAL', async () => {
  await d.command('SCRIPT', 'FLUSH');
  const before = await meter.read();
  expect((await find()).agents).toHaveLength(1);
  expect((await find()).agents).toHaveLength(1);
  const stats = difference(before, await meter.read());
  expect([calls(stats, 'evalsha'), calls(stats, 'eval')]).toEqual([2, 1]);
});
