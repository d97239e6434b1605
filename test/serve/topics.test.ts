import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin, Producer, stringSerializers } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LocalKafka, startKafka } from '../../world/kafka/cluster.ts';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { freePort } from '../../world/tools/ports.ts';
import { kafkaOrSkip } from '../fixtures/kafka.ts';
import { SOON } from '../fixtures/soon.ts';

let dir: string;
let kafka: LocalKafka;
let redis: LocalRedisCluster;
let admin: Admin;
const silence = createServer();

interface Ended {
  code: number | null;
  out: string[];
  err: string;
}

/** A configuration in a file, of one region on this Kafka. */
async function configure(bus: object): Promise<string> {
  const file = join(dir, `${Math.random()}.yaml`);
  const port = await freePort();
  const config = {
    region: 'eu',
    listen: { port },
    redis: { nodes: redis.addresses, replicas: 0 },
    bus: { driver: 'kafka', brokers: kafka.bootstrap, ...bus },
    regions: { eu: { url: `http://127.0.0.1:${port}` } },
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function muster(args: string[]) {
  const child = spawn(process.execPath, ['src/cli.ts', ...args]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  const ended = once(child, 'close').then(
    ([code]): Ended => ({ code: code as number | null, out: said.out.trimEnd().split('\n'), err: said.err }),
  );
  return { child, said, ended };
}

/** Of a server that takes connections, and never says a word. */
async function silentPort(): Promise<number> {
  await once(silence.listen(0, '127.0.0.1'), 'listening');
  return (silence.address() as AddressInfo).port;
}

async function topics(verb: 'check' | 'apply', bus: object): Promise<Ended> {
  return muster(['topics', verb, '--config', await configure(bus)]).ended;
}

const ONE_BROKER = '– there is 1 broker, and bus.replication asks for 3 copies of each message';

kafkaOrSkip('muster topics', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'muster-topics-'));
    [kafka, redis] = await Promise.all([
      startKafka({ dir }),
      startRedisCluster({ dir: join(dir, 'redis'), replicas: false }),
    ]);
    admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.bootstrap });
  });
  afterAll(async () => {
    silence.close();
    await admin.close();
    await Promise.all([kafka.stop(), redis.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  test('says what is missing, creates it, and finds nothing more to do', async () => {
    const missing = await topics('check', { topic: 'fresh' });
    expect(missing).toEqual({
      code: 1,
      out: [
        '✗ fresh      does not exist: `muster topics apply` mends it',
        '✗ fresh.dlq  does not exist: `muster topics apply` mends it',
        ONE_BROKER,
      ],
      err: '',
    });
    const fine = [
      '✓ fresh      12 partitions, 1 replica, keeps messages for 7 days',
      '✓ fresh.dlq  1 partition, 1 replica, keeps messages for 7 days',
      ONE_BROKER,
    ];
    const applied = await topics('apply', { topic: 'fresh' });
    expect(applied).toEqual({
      code: 0,
      out: ['+ fresh      was created', '+ fresh.dlq  was created', ...fine],
      err: '',
    });
    expect(await topics('apply', { topic: 'fresh' })).toEqual({ code: 0, out: fine, err: '' });
    expect(await topics('check', { topic: 'fresh' })).toEqual({ code: 0, out: fine, err: '' });
  });

  test('makes the changes that remove nothing, and leaves the rest to people', async () => {
    const configs = [
      { name: 'retention.ms', value: '86400000' },
      { name: 'cleanup.policy', value: 'compact,delete' },
      { name: 'max.message.bytes', value: '65536' },
    ];
    await admin.createTopics({ topics: ['old'], partitions: 3, replicas: 1, configs });
    await admin.createTopics({ topics: ['old.dlq'], partitions: 2, replicas: 1 });
    await vi.waitFor(
      async () => expect(await admin.listTopics()).toEqual(expect.arrayContaining(['old', 'old.dlq'])),
      SOON,
    );
    const applied = await topics('apply', { topic: 'old', partitions: 4, replication: 1 });
    expect(applied).toEqual({
      code: 0,
      out: [
        '+ old      has 4 partitions now',
        '+ old      has retention.ms 604800000 now',
        '+ old      has cleanup.policy delete now',
        '+ old      has max.message.bytes 1048588 now',
        '✓ old      4 partitions, 1 replica, keeps messages for 7 days',
        '✓ old.dlq  2 partitions, 1 replica, keeps messages for 7 days',
      ],
      err: '',
    });
    const producer = new Producer({
      clientId: 'test',
      bootstrapBrokers: kafka.bootstrap,
      serializers: stringSerializers,
    });
    await producer.send({ messages: [{ topic: 'old', key: 'key', value: 'value' }] });
    await producer.close();
    const left = await topics('apply', { topic: 'old', partitions: 8, replication: 1, retentionHours: 1 });
    expect(left).toEqual({
      code: 1,
      out: [
        '✗ old      has 4 partitions, and bus.partitions is 8; it holds messages, and agents would change partitions and lose their order: set bus.partitions to 4, or name a new topic, in all regions',
        '✓ old.dlq  2 partitions, 1 replica, keeps messages for 7 days',
      ],
      err: '',
    });
  });

  test('says in one line why the topics cannot be checked', async () => {
    const port = await freePort();
    const [away, noKafka] = await Promise.all([
      topics('check', { brokers: [`127.0.0.1:${port}`] }),
      topics('apply', { brokers: [redis.addresses[0]] }),
    ]);
    expect(away).toMatchObject({ code: 2, out: [''] });
    expect(away.err).toMatch(
      new RegExp(`^muster topics: the bus at 127\\.0\\.0\\.1:${port} cannot be used now: .+\\n$`),
    );
    expect(noKafka).toMatchObject({ code: 2, out: [''] });
    expect(noKafka.err).toMatch(/^muster topics: the bus at .* cannot be used now: .+\n$/);
  });

  test('an instance refuses a topic of other partitions, and says what to run', async () => {
    await admin.createTopics({ topics: ['refused'], partitions: 3, replicas: 1 });
    const { ended } = muster(['serve', '--config', await configure({ topic: 'refused' })]);
    const { code, out, err } = await ended;
    expect({ code, out }).toEqual({ code: 1, out: [''] });
    expect(err.trimEnd().split('\n').at(-1)).toBe(
      'muster: the topic refused has 3 partitions, and bus.partitions is 12: `muster topics check` says what to do',
    );
  });

  test('muster config check compares partitions with the topic, where it is asked to', async () => {
    await admin.createTopics({ topics: ['compared'], partitions: 3, replicas: 1 });
    const check = async (bus: object): Promise<Ended> =>
      muster(['config', 'check', await configure(bus), '--online']).ended;
    const [same, other, none, away] = await Promise.all([
      check({ topic: 'compared', partitions: 3 }),
      check({ topic: 'compared' }),
      check({ topic: 'uncreated' }),
      check({ brokers: [`127.0.0.1:${await freePort()}`] }),
    ]);
    expect([same.code, same.out[1]]).toEqual([0, '  bus: 3 partitions of compared, as configured']);
    expect([other.code, other.out[0]]).toEqual([
      1,
      expect.stringMatching(
        /: bus\.partitions: the topic compared has 3 partitions, and bus\.partitions is 12: `muster topics check` says what to do$/,
      ),
    ]);
    expect([none.code, none.out[1]]).toEqual([0, '  bus: there is no uncreated yet; `muster topics apply` creates it']);
    expect([away.code, away.err]).toEqual([2, expect.stringMatching(/^muster config: the bus at .+\n$/)]);
  });

  test.each([
    ['brokers that are away', async () => ({ brokers: [`127.0.0.1:${await freePort()}`] })],
    ['brokers that are silent', async () => ({ brokers: [`127.0.0.1:${await silentPort()}`] })],
    ['a topic that is not there yet', async () => ({ topic: 'later' })],
  ])('an instance starts with %s, and says so', async (_, bus) => {
    const { child, said, ended } = muster(['serve', '--config', await configure(await bus())]);
    await vi.waitFor(() => expect(said.out).toMatch(/^region eu listens on /), 20_000);
    child.kill('SIGKILL');
    await ended;
    expect(said.err).toMatch(/"event":"topic_check_failed".*starting without the bus/);
  });
});
