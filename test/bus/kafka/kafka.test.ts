import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKafkaBus } from '../../../src/bus/kafka/kafka.ts';
import { createLog } from '../../../src/ops/log.ts';
import { startKafka } from '../../../world/kafka/cluster.ts';
import { TcpProxy } from '../../../world/weather/proxy.ts';
import { anyKafkaOrSkip, GIVEN } from '../../fixtures/kafka.ts';
import { type BusHarness, busContract, PARTITIONS } from '../contract.ts';
import { TestTopics } from './topics.ts';

const log = createLog(process.env.LOG_LEVEL ?? 'silent', 'here', 'test');
/** As many instances as a test has open at once, with one to spare for each that died. */
const WAYS = 6;

anyKafkaOrSkip('the bus contract on Kafka', () => {
  const given = GIVEN;
  if (given) busContract('kafka', async () => onGiven(given), { canFail: false });
  else busContract('kafka', onOwn);
});

const busAt = (brokers: string[], topic: string, region: string, clientId: string) =>
  createKafkaBus({ access: { brokers, clientId }, topic, partitions: PARTITIONS, region, log, sessionMs: 1000 });

/** A broker of our own, and a proxy in front of it for each instance. */
async function onOwn(): Promise<BusHarness> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-kafka-'));
  let port = (_: string): number => 0;
  const proxies: TcpProxy[] = [];
  for (let i = 0; i < WAYS; i++) {
    const proxy = new TcpProxy(() => port(`WAY${i}`));
    await proxy.start();
    proxies.push(proxy);
  }
  const ways = proxies.map(({ port: advertised }, i) => ({ name: `WAY${i}`, advertised }));
  const kafka = await startKafka({ dir, ways });
  port = (way) => kafka.port(way);
  const free = [...proxies];
  const topics = new TestTopics(kafka.bootstrap);
  return {
    open: async ({ topic, region, instance }) => {
      await topics.make(topic, PARTITIONS);
      const proxy = free.shift();
      if (!proxy) throw new Error('too many instances at once');
      const bus = busAt([`127.0.0.1:${proxy.port}`], topic, region, instance);
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
    stored: (topic, partition) => topics.stored(topic, partition),
    deadLetters: (topic) => topics.deadLetters(topic),
    close: async () => {
      await topics.close();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await kafka.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Brokers that are not ours to stop. */
function onGiven(brokers: string[]): BusHarness {
  const topics = new TestTopics(brokers);
  const never = () => {
    throw new Error('these brokers are not ours to stop');
  };
  return {
    open: async ({ topic, region, instance }) => {
      await topics.make(topic, PARTITIONS);
      return { bus: busAt(brokers, topic, region, instance), die: never };
    },
    stopBus: never,
    startBus: never,
    stored: (topic, partition) => topics.stored(topic, partition),
    deadLetters: (topic) => topics.deadLetters(topic),
    close: () => topics.close(),
  };
}
