import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin, Consumer } from '@platformatic/kafka';
import { pino } from 'pino';
import { startKafka } from '../../../local/kafka/cluster.ts';
import { TcpProxy } from '../../../local/weather/proxy.ts';
import { createKafkaBus } from '../../../src/bus/kafka/kafka.ts';
import { type BusHarness, busContract, PARTITIONS } from '../contract.ts';

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });
/** As many instances as a test has open at once, with one to spare for each that died. */
const WAYS = 6;

busContract('kafka', async (): Promise<BusHarness> => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-kafka-'));
  let port = (_: string): number => 0;
  const proxies: TcpProxy[] = [];
  for (let i = 0; i < WAYS; i++) {
    const proxy = new TcpProxy(() => port(`WAY${i}`));
    await proxy.start();
    proxies.push(proxy);
  }
  const kafka = await startKafka({
    dir,
    ways: proxies.map(({ port: advertised }, i) => ({ name: `WAY${i}`, advertised })),
  });
  port = (way) => kafka.port(way);
  const free = [...proxies];
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: kafka.bootstrap });
  const made = new Set<string>();
  return {
    open: async ({ topic, region, instance }) => {
      if (!made.has(topic)) {
        made.add(topic);
        await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
        await admin.createTopics({ topics: [`${topic}.dlq`], partitions: 1, replicas: 1 });
      }
      const proxy = free.shift();
      if (!proxy) throw new Error('too many instances at once');
      const access = { brokers: [`127.0.0.1:${proxy.port}`], clientId: instance };
      const bus = createKafkaBus({ access, topic, partitions: PARTITIONS, region, log, sessionMs: 1000 });
      const close = bus.close.bind(bus);
      bus.close = async () => {
        await close();
        free.push(proxy);
      };
      return { bus, die: () => proxy.cut() };
    },
    stopBus: () => kafka.brokers[0]?.kill('SIGKILL') as Promise<void>,
    startBus: async () => {
      if (kafka.brokers[0]?.pid === undefined) await kafka.brokers[0]?.start();
    },
    stored: async (topic, partition) => {
      const list = async (timestamp: bigint) =>
        (
          await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }] })
        )[0]?.partitions[0]?.offset ?? 0n;
      return Number((await list(-1n)) - (await list(-2n)));
    },
    deadLetters: async (topic) => {
      const consumer = new Consumer({ clientId: 'test', groupId: 'test', bootstrapBrokers: kafka.bootstrap });
      try {
        const name = `${topic}.dlq`;
        consumer.topics.track(name);
        const dlq = (await consumer.metadata({ topics: [name] })).topics.get(name);
        const place = {
          partition: 0,
          fetchOffset: 0n,
          currentLeaderEpoch: -1,
          lastFetchedEpoch: -1,
          partitionMaxBytes: 1e6,
        };
        const { responses } = await consumer.fetch({
          node: dlq?.partitions[0]?.leader ?? -1,
          topics: [{ topicId: dlq?.id ?? '', partitions: [place] }],
          maxWaitTime: 100,
        });
        const records = responses.flatMap((each) => each.partitions).flatMap((each) => each.records ?? []);
        return records
          .flatMap((batch) => batch.records)
          .map(({ key, value, headers }) => {
            const { muster_reason: reason = '', ...rest } = Object.fromEntries(
              headers.map(([each, text]) => [String(each), String(text)]),
            );
            return { key: String(key), headers: rest, value: String(value), reason };
          });
      } finally {
        await consumer.close();
      }
    },
    close: async () => {
      await admin.close();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await kafka.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});
