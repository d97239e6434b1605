import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import { CLAIM_CONFLICT, HEARTBEAT, partitionOf, sealConflict } from '../../src/bus/envelope.ts';
import { createKafkaBus, dlqOf } from '../../src/bus/kafka/kafka.ts';
import { TopicsAdmin } from '../../src/bus/kafka/topics-admin.ts';
import { createLog } from '../../src/ops/log.ts';
import { type LocalKafka, startKafka } from '../../world/kafka/cluster.ts';
import { asyncApi, wrongIn } from '../fixtures/asyncapi.ts';
import { kafkaOrSkip } from '../fixtures/kafka.ts';
import { hasKcat } from '../fixtures/kcat.ts';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';

/** What stands in docs/kafka.md. */
const TOPIC = 'agent.status.change';
const REGION = 'eu-west-1';
const PARTITIONS = 12;

let dir: string;
let kafka: LocalKafka;
let regions: Regions;

interface Stored extends BusMessage {
  partition: number;
}

/** Reads a topic from its beginning until what was read is enough. */
async function readUntil(topic: string, isEnough: (read: Stored[]) => boolean): Promise<Stored[]> {
  const consumer = new Consumer({
    clientId: 'test',
    groupId: `test-${topic}`,
    bootstrapBrokers: kafka.bootstrap,
    deserializers: stringDeserializers,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false });
  const read: Stored[] = [];
  try {
    for await (const { key, headers, value, partition } of stream) {
      read.push({ key, headers: Object.fromEntries(headers), value, partition });
      if (isEnough(read)) return read;
    }
    throw new Error('the topic came to an end');
  } finally {
    await stream.close();
    await consumer.close(true);
  }
}

const typeOf = ({ headers }: BusMessage): string | undefined => headers.ce_type;

/** The message of docs/asyncapi.yaml for a `ce_type`; undefined: the plain form. */
function nameOf(type: string | undefined): string {
  const all = Object.entries(asyncApi.components.messages);
  return all.find(([, { headers }]) => headers?.properties.ce_type?.const === type)?.[0] ?? 'unknown';
}

const TYPES = Object.values(asyncApi.components.messages).flatMap(({ headers }) => {
  return headers?.properties.ce_type?.const ?? [];
});

kafkaOrSkip('the topic, as others see it', () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'muster-outside-'));
    kafka = await startKafka({ dir });
    const access = { brokers: kafka.bootstrap, clientId: 'test' };
    const spec = { topic: TOPIC, partitions: PARTITIONS, replication: 1, retentionHours: 1 };
    const admin = new TopicsAdmin(access, spec);
    await admin.apply(() => undefined);
    await admin.close();
    regions = await startRegions({
      names: [REGION],
      replicas: false,
      config: {
        bus: { driver: 'kafka', brokers: kafka.bootstrap },
        connections: { crm: { platform: 'events', home: REGION } },
        queues: { support: { unites: ['crm:support'] } },
      },
    });
  });
  afterAll(async () => {
    await regions?.stop();
    await kafka.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  test('everything published is what docs/asyncapi.yaml says, and everything it says is published', async () => {
    const url = regions[0]?.url;
    const profile = { queues: ['crm:support'], skills: { billing: 80 } };
    const event = eventOf('crm:1', 'AVAILABLE', 1_764_000_000, { profile });
    expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
    const claimed = await ask(`${url}/v1/claims`, 'POST', { queue: 'support', call_id: 'call-1' });
    expect(claimed.status).toBe(201);
    const bus = createKafkaBus({
      access: { brokers: kafka.bootstrap, clientId: 'test' },
      topic: TOPIC,
      partitions: PARTITIONS,
      region: REGION,
      log: createLog('silent', 'here', 'test'),
    });
    const side = { fence: 2, call: 'call-1', region: REGION };
    const conflict = { agent: 'crm:1', kept: side, lost: { ...side, fence: 1 }, overlap: 'possible' as const };
    await bus.publish(0, [
      sealConflict(conflict, REGION, 1_764_000_000_000, OLDEST_EXCHANGE.sends),
      { key: 'noise', headers: { from: 'elsewhere' }, value: 'no JSON' },
    ]);
    await bus.close();
    const read = await readUntil(TOPIC, (so) => {
      const types = new Set(so.map(typeOf));
      return TYPES.every((type) => types.has(type)) && so.some(({ value }) => value.includes('"claim":'));
    });
    const own = read.filter(({ key }) => key !== 'noise');
    const wrong = own.flatMap(({ headers, value }) => wrongIn(nameOf(headers.ce_type), headers, JSON.parse(value)));
    expect(wrong).toEqual([]);
    for (const { key, partition, headers } of own.filter((each) => typeOf(each) !== CLAIM_CONFLICT))
      expect(partition).toBe(headers.ce_type === HEARTBEAT ? Number(key) : partitionOf(key, PARTITIONS));
    const [letter] = await readUntil(dlqOf(TOPIC), () => true);
    const { from, ...added } = letter?.headers ?? {};
    expect({ ...letter, from }).toMatchObject({ key: 'noise', value: 'no JSON', from: 'elsewhere' });
    expect(wrongIn('deadLetter', added, letter?.value)).toEqual([]);
  });

  describe.skipIf(!hasKcat())('by the commands of docs/kafka.md', () => {
    const page = readFileSync('docs/kafka.md', 'utf8');
    const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
    const [readDeadLetters = '', readAll = '', report = ''] = blocks.filter((block) => block.includes('kcat '));
    const run = async (command: string): Promise<string> => {
      const env = { ...process.env, KAFKA: kafka.bootstrap[0] };
      return (await promisify(execFile)('bash', ['-euc', command], { env, timeout: 45_000 })).stdout;
    };

    test('a report is taken by an instance, in the partition where the agent belongs', async () => {
      expect(report).toContain('-P');
      await run(report);
      await vi.waitFor(async () => {
        const { body } = await ask(`${regions[0]?.url}/v1/agents/crm:42`);
        expect(body).toMatchObject({ status: 'AVAILABLE', home: REGION });
      }, 20_000);
      const [reported] = (await readUntil(TOPIC, (so) => so.at(-1)?.key === 'crm:42')).slice(-1);
      expect(reported?.partition).toBe(partitionOf('crm:42', PARTITIONS));
      expect(wrongIn('agentReported', reported?.headers ?? {}, JSON.parse(reported?.value ?? ''))).toEqual([]);
    });

    test('messages are read with their attributes, key and JSON', async () => {
      const messages = (await run(readAll)).trim().split('\n\n');
      const changed = messages.find((each) => each.includes('ce_type=muster.agent.changed')) ?? '';
      const [headers = '', line = ''] = changed.split('\n');
      expect(headers).toMatch(/^ce_specversion=1\.0,.*ce_source=\/muster\/eu-west-1.*content-type=application\/json/);
      expect(line.slice(0, 6)).toBe('crm:1 ');
      expect(JSON.parse(line.slice(6))).toMatchObject({ agent_id: 'crm:1', region_source: REGION });
    });

    test('dead letters are read with their reason', async () => {
      expect(await run(readDeadLetters)).toMatch(
        /^partition 0, offset 0: .*muster_reason=.*is not JSON.*\nnoise no JSON/,
      );
    });
  });
});
