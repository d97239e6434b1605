import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import { createKafkaBus } from '../../../src/bus/kafka/kafka.ts';
import { createLog } from '../../../src/ops/log.ts';
import { type LocalKafka, startKafka } from '../../../world/kafka/cluster.ts';
import { kafkaOrSkip } from '../../fixtures/kafka.ts';
import { Handled, Publishing } from './handled.ts';
import { TestTopics } from './topics.ts';

const log = createLog(process.env.LOG_LEVEL ?? 'silent', 'here', 'test');
const NODES = 3;
const PARTITIONS = 3;
const TOPIC = 'led';
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const waitFor = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 60_000, interval: 50 });

kafkaOrSkip('a Kafka of three nodes', () => {
  let dir: string;
  let kafka: LocalKafka;
  let topics: TestTopics;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'muster-kafka-'));
    kafka = await startKafka({ dir, nodes: NODES });
    topics = new TestTopics(kafka.bootstrap);
    await waitFor(() => topics.make(TOPIC, PARTITIONS, NODES));
  });
  afterAll(async () => {
    await topics?.close();
    await kafka?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const open = (region: string): Bus => {
    const access = { brokers: kafka.bootstrap, clientId: region };
    const bus = createKafkaBus({ access, topic: TOPIC, partitions: PARTITIONS, region, sessionMs: 2_000, log });
    onTestFinished(() => bus.close());
    return bus;
  };

  test('no accepted message is lost or reordered when a leader dies under load', async () => {
    const publishing = new Publishing(open('us'));
    const handled = new Handled();
    open('eu').consume(handled.add);
    const published = (partition: number) => publishing.taken[partition] ?? 0;
    const goesOn = async () => {
      const before = all.map(published);
      await waitFor(() => {
        for (const partition of all) {
          expect(published(partition)).toBeGreaterThan((before[partition] ?? 0) + 10);
          expect(handled.of(partition).length).toBeGreaterThan((before[partition] ?? 0) + 10);
        }
      });
    };
    await goesOn();
    const leader = await topics.leader(TOPIC, 0);
    const broker = kafka.brokers.find(({ id }) => id === leader);
    await broker?.kill('SIGKILL');
    await waitFor(async () => {
      const leaders = await Promise.all(all.map((partition) => topics.leader(TOPIC, partition)));
      for (const each of leaders) expect([leader, -1, undefined]).not.toContain(each);
    });
    await goesOn();
    await broker?.start();
    await waitFor(async () => expect(await topics.inSync(TOPIC)).toBe(NODES));
    await goesOn();
    const sent = await publishing.stop();
    await waitFor(() => expect(all.map((partition) => handled.of(partition))).toEqual(sent));
  });
});
