import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { Bus, BusMessage, Delivery } from '../../src/bus/bus.ts';
import { type Cause, sealLetter } from '../../src/bus/dead-letter.ts';
import { partitionOf, sealHeartbeat, withOrigin } from '../../src/bus/envelope.ts';
import { busRules } from '../../src/bus/redis-streams/acl.ts';
import { readConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { createBus } from '../../src/serve/bus.ts';
import { type LocalKafka, startKafka } from '../../world/kafka/cluster.ts';
import { aclArguments, LOCAL_USER } from '../../world/redis/access.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';
import { TestTopics } from '../bus/kafka/topics.ts';
import { kafkaOrSkip } from '../fixtures/kafka.ts';
import { SOON } from '../fixtures/soon.ts';

const TOPIC = 'agent.status.change';
const PARTITIONS = 12;
const AT_MS = Date.UTC(2026, 2, 2, 10, 0, 0);
const dir = mkdtempSync(join(tmpdir(), 'muster-letters-'));
const FILE = join(dir, 'eu.yaml');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Ended {
  code: number;
  out: string;
  err: string;
}

function muster(...args: string[]): Promise<Ended> {
  const command = ['src/cli.ts', 'deadletters', ...args, '--config', FILE];
  return new Promise((resolve) => {
    execFile(process.execPath, command, (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }));
  });
}
const json = async (...args: string[]) => JSON.parse((await muster(...args, '--json')).out);

const cause = (region: string, more: Partial<Cause> = {}): Cause => ({
  reason: 'URIError: URI malformed',
  stack: 'URIError: URI malformed\n    at somewhere',
  region,
  from: 'bus partition 3, 17-4',
  atMs: AT_MS,
  ...more,
});
const value = JSON.stringify({ event_id: 'crm-1', agent_id: 'crm:ann', note: '\u001b[31m' });
const POISON: BusMessage = { key: 'crm:ann', headers: { ce_id: 'crm-1', ce_type: 'muster.agent.changed' }, value };
const OTHER: BusMessage = { key: 'crm:bob\u001b[2J', headers: {}, value: '{' };
const BEAT = sealHeartbeat(
  {
    ...{ region: 'us', domain: 'main', beat: AT_MS, writer: 'us-1', steadyMs: 1, timestampMs: AT_MS, leaving: false },
    exchange: OLDEST_EXCHANGE,
  },
  3,
);

/** The same of both drivers. */
function commands(settings: () => object): void {
  let bus: Bus;
  const heard: (Delivery & { partition: number })[] = [];

  beforeAll(async () => {
    const config = {
      region: 'eu',
      listen: { port: 8080 },
      redis: { nodes: ['127.0.0.1:1'], replicas: 0 },
      bus: { topic: TOPIC, ...settings() },
      regions: { eu: { url: 'http://127.0.0.1:8080' } },
    };
    writeFileSync(FILE, JSON.stringify(config));
    const log = createLog('silent', 'eu', 'test');
    bus = await createBus({
      config: readConfig(JSON.stringify(config), FILE, {}),
      instance: 'test',
      clock: systemClock,
      log,
    });
    bus.consume(async (partition, batch) => void heard.push(...batch.map((each) => ({ ...each, partition }))));
  });
  afterAll(() => bus?.close());

  const list = async () => (await json('list')).letters as { id: string; agent: string; region: string }[];

  test('there are none at first', async () => {
    expect(await muster('list')).toEqual({ code: 0, out: 'There are no dead letters.\n', err: '' });
    expect(await muster('replay', '--all')).toMatchObject({ code: 0, out: 'There are no dead letters.\n' });
  });

  test('they are listed and shown, with all that is known of them', async () => {
    const moved = withOrigin(POISON, { region: 'us', domain: 'main', storeId: 'store-1', position: '5-5' });
    for (const region of ['eu', 'us']) await bus.deadLetter(sealLetter(moved, cause(region)));
    const { stack: _, ...unread } = cause('eu', { reason: '/ is not JSON' });
    await bus.deadLetter(sealLetter(OTHER, unread));
    await bus.deadLetter(sealLetter(BEAT, cause('eu')));
    await bus.deadLetter(sealLetter({ ...OTHER, value: 'x'.repeat(1_000_000) }, cause('eu')));
    const { code, out } = await muster('list', '--limit', '3');
    expect(code).toBe(0);
    expect(out).toMatch(/^id +when +region +agent +why\n/);
    expect(out).toContain(
      '5 dead letters, the last 3 of them above. `muster deadletters show <id>` prints one in full.',
    );
    expect(out).not.toContain('\u001b');
    const { total, letters } = await json('list');
    expect(total).toBe(5);
    expect(letters[0]).toEqual({
      id: expect.any(String),
      at: expect.any(Number),
      region: 'eu',
      from: 'bus partition 3, 17-4',
      agent: 'crm:ann',
      event: 'crm-1',
      reason: 'URIError: URI malformed',
    });
    const shown = await muster('show', letters[0].id);
    expect(shown.out).toMatch(/reason +URIError: URI malformed/);
    expect(shown.out).toMatch(/header ce_id +crm-1/);
    expect(shown.out).toContain('"agent_id": "crm:ann"');
    expect(shown.out).toContain('    at somewhere');
    expect(await json('show', letters[0].id)).toMatchObject({ stack: cause('eu').stack, message: moved });
    expect(letters[4].cut_from).toBe(1_000_000);
  });

  test('one is published again, once, with its copies; and is gone', async () => {
    const [first, second] = (await list()).filter(({ agent }) => agent === 'crm:ann');
    const replayed = await muster('replay', second?.id ?? '');
    const partition = partitionOf('crm:ann', PARTITIONS);
    expect(replayed.code).toBe(0);
    expect(replayed.out).toMatch(
      new RegExp(`✓ ${first?.id} +was published again, to partition ${partition}; (removed|marked)`),
    );
    expect(replayed.out).toContain(`✓ ${second?.id}  is a copy of ${first?.id};`);
    await expect
      .poll(() => heard.filter(({ key }) => key === 'crm:ann'), SOON)
      .toMatchObject([{ ...POISON, partition }]);
    expect(heard[0]?.headers).toEqual(POISON.headers);
    expect((await list()).map(({ agent }) => agent)).toEqual(['crm:bob\u001b[2J', '3', 'crm:bob\u001b[2J']);
    expect(await muster('show', first?.id ?? '')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^muster deadletters: there is no dead letter .*\n$/),
    });
  });

  test('of all, those that cannot be replayed stay', async () => {
    const [bob, beat, long] = await list();
    const replayed = await json('replay', '--all');
    expect(replayed).toMatchObject([
      { id: bob?.id, outcome: expect.stringMatching(/removed|marked/) },
      { id: beat?.id, outcome: 'kept', what: expect.stringContaining('heartbeat') },
      { id: long?.id, outcome: 'kept', what: 'it was cut: of 1000000 bytes only a part is stored' },
    ]);
    await expect.poll(() => heard.at(-1)?.key, SOON).toBe(OTHER.key);
    expect((await muster('replay', '--all')).code).toBe(1);
    expect(await muster('replay', 'nothing')).toMatchObject({
      code: 1,
      out: expect.stringContaining('✗ nothing  there is no such'),
    });
  });
}

describe('muster deadletters on Redis Streams', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ dir: join(dir, 'redis'), args: aclArguments(busRules(TOPIC)) });
  });
  afterAll(() => server?.stop());
  commands(() => ({ url: server.urlFor(LOCAL_USER) }));

  test('prints one line for wrong arguments', async () => {
    expect(await muster('replay')).toEqual({
      code: 2,
      out: '',
      err: 'muster deadletters: name the dead letters to replay, or use --all\n',
    });
    await server.kill('SIGKILL');
    const { code, err } = await muster('list');
    expect(code).toBe(2);
    expect(err).toMatch(/^muster deadletters: the bus at 127\.0\.0\.1:\d+ cannot be used now: .*\n$/);
  });
});

kafkaOrSkip('muster deadletters on Kafka', () => {
  let kafka: LocalKafka;
  let topics: TestTopics;
  beforeAll(async () => {
    kafka = await startKafka({ dir: join(dir, 'kafka') });
    topics = new TestTopics(kafka.bootstrap);
    await topics.make(TOPIC, PARTITIONS);
  });
  afterAll(async () => {
    await topics?.close();
    await kafka?.stop();
  });
  commands(() => ({ driver: 'kafka', brokers: kafka.bootstrap }));
});
