import { readFileSync } from 'node:fs';
import type { Bus } from '../bus/bus.ts';
import type { KafkaAccess } from '../bus/kafka/clients.ts';
import { createKafkaBus } from '../bus/kafka/kafka.ts';
import { createRedisStreamsBus } from '../bus/redis-streams/redis-streams.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

interface Reader {
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
}

export type KafkaConfig = Extract<Config['bus'], { driver: 'kafka' }>;

/** The bus that the configuration names. Nothing is asked of it yet. */
export function createBus({ config, instance, log, clock }: Reader): Bus {
  const { region, bus } = config;
  const { topic, partitions } = bus;
  if (bus.driver === 'kafka') {
    const { member } = bus;
    return createKafkaBus({
      access: kafkaAccess(bus, instance),
      topic,
      partitions,
      region,
      log,
      ...(member && { member }),
    });
  }
  const regions = Object.keys(config.regions);
  return createRedisStreamsBus({ url: bus.url, topic, partitions, region, regions, instance, log, clock });
}

/** How to reach the configured Kafka. @throws Error for a file that cannot be read */
export function kafkaAccess({ brokers, tls, sasl }: KafkaConfig, clientId: string): KafkaAccess {
  return {
    brokers,
    clientId,
    ...(tls && { tls: readTls(tls) }),
    ...(sasl && sasl.mechanism !== 'OAUTHBEARER' && { sasl }),
  };
}

function readTls({ caFile, certFile, keyFile }: NonNullable<KafkaConfig['tls']>): NonNullable<KafkaAccess['tls']> {
  return {
    ...(caFile && { ca: readFileSync(caFile, 'utf8') }),
    ...(certFile && { cert: readFileSync(certFile, 'utf8') }),
    ...(keyFile && { key: readFileSync(keyFile, 'utf8') }),
  };
}
