import { groupOf } from '../../src/bus/kafka/kafka.ts';
import { TopicsAdmin } from '../../src/bus/kafka/topics-admin.ts';
import { type LocalKafka, startKafka } from '../kafka/cluster.ts';
import { type LocalBus, PARTITIONS, TOPIC } from './bus.ts';
import { HungConsumer } from './hung-consumer.ts';

/** Settings of the topics: one copy, because there is one broker; kept longer than a world lasts. */
const KEPT = { replication: 1, retentionHours: 24 };

/** Listeners have names of letters and digits. */
const wayName = (region: string): string => region.replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase();

/** One Kafka broker, with a listener for each region, because a broker gives clients its advertised address. */
export class LocalKafkaBus implements LocalBus {
  readonly name = 'Kafka';
  readonly #dir: string;
  readonly #regions: readonly string[];
  readonly #hung = new Map<string, HungConsumer>();
  #kafka: LocalKafka | undefined;

  constructor(dir: string, regions: readonly string[]) {
    this.#dir = dir;
    this.#regions = regions;
  }

  get pids(): number[] {
    return this.#kafka?.brokers.flatMap(({ pid }) => pid ?? []) ?? [];
  }

  settings(host: string, instance: string): object {
    return { driver: 'kafka', brokers: [host], member: instance };
  }

  port(region: string): number {
    return this.#running.port(wayName(region));
  }

  async start(wayOf: (region: string) => number): Promise<void> {
    const ways = this.#regions.map((region) => ({ name: wayName(region), advertised: wayOf(region) }));
    this.#kafka = await startKafka({ dir: this.#dir, ways });
    const access = { brokers: this.#kafka.bootstrap, clientId: 'local' };
    const topics = new TopicsAdmin(access, { topic: TOPIC, partitions: PARTITIONS, ...KEPT });
    try {
      await topics.apply(() => {});
    } finally {
      await topics.close();
    }
  }

  async holdReading(region: string): Promise<void> {
    const hung = new HungConsumer(this.#running.bootstrap, groupOf(TOPIC, region), TOPIC);
    this.#hung.set(region, hung);
    await hung.takeAll();
  }

  async releaseReading(region: string): Promise<void> {
    const hung = this.#hung.get(region);
    this.#hung.delete(region);
    await hung?.leave();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#hung.keys()].map((region) => this.releaseReading(region)));
    await this.#kafka?.stop();
  }

  get #running(): LocalKafka {
    if (!this.#kafka) throw new Error('the Kafka of the local world has not started');
    return this.#kafka;
  }
}
