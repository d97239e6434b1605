import type { Bus } from '../bus/bus.ts';
import { createRedisStreamsBus } from '../bus/redis-streams/redis-streams.ts';
import { readTls } from '../ops/tls.ts';
import type { BusReader } from './ground.ts';

/**
 * Creates the configured bus without connecting. The Kafka client is imported only if it is used: it is a third of the code that
 * an instance loads. @throws Error if a TLS file cannot be used
 */
export async function createBus(reader: BusReader): Promise<Bus> {
  const { bus, region, regions } = reader.config;
  if (bus.driver === 'kafka') return (await import('./kafka.ts')).kafkaBus(reader, bus);
  const { url, topic, partitions } = bus;
  const tls = bus.tls && { tls: readTls('bus.tls', bus.tls) };
  return createRedisStreamsBus({ ...reader, url, ...tls, topic, partitions, region, regions: Object.keys(regions) });
}
