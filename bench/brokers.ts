import { join } from 'node:path';
import { Admin, Consumer, ProduceAcks, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { createClient } from '@redis/client';
import { startKafka } from '../world/kafka/cluster.ts';
import { startRedis } from '../world/redis/server.ts';
import { Echo } from './echo.ts';

/** An event bus, for one measurement. */
export interface Broker {
  name: string;
  /** The section `bus` of an instance's configuration. */
  settings: Record<string, unknown>;
  /** Writes a message of about an event's size and reads it back, with the client library alone. */
  raw: Echo;
  stop(): Promise<void>;
}

const TOPIC = 'regions';
/** The topic of the driver. */
export const DRIVER_TOPIC = 'driver';
export const PARTITIONS = 12;
const RAW_TOPIC = 'raw';
/** About the size of an event. */
export const PADDING = 'x'.repeat(500);

export async function startRedisStreams(dir: string): Promise<Broker> {
  const args = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const redis = await startRedis({ dir: join(dir, 'streams'), args });
  const writer = createClient({ url: redis.url });
  const reader = createClient({ url: redis.url });
  await Promise.all([writer.connect(), reader.connect()]);
  const raw = new Echo((ids) =>
    Promise.all(ids.map((id) => writer.sendCommand(['XADD', RAW_TOPIC, '*', 'id', id, 'padding', PADDING]))),
  );
  let isOver = false;
  const read = async (): Promise<void> => {
    for (let from = '0'; !isOver; ) {
      const answer = await reader.xRead({ key: RAW_TOPIC, id: from }, { BLOCK: 100, COUNT: 500 });
      for (const { id, message } of (answer as { messages: StreamMessage[] }[] | null)?.[0]?.messages ?? []) {
        raw.heard(message.id);
        from = id;
      }
    }
  };
  const reading = read();
  return {
    name: 'Redis Streams',
    settings: { driver: 'redis-streams', url: redis.url, topic: TOPIC, partitions: PARTITIONS },
    raw,
    stop: async () => {
      isOver = true;
      await reading;
      await Promise.all([writer.close(), reader.close()]);
      await redis.stop();
    },
  };
}

interface StreamMessage {
  id: string;
  message: { id: string };
}

/** @throws Error saying what to install if there is no Java */
export async function startKafkaBroker(dir: string): Promise<Broker> {
  const kafka = await startKafka({ dir: join(dir, 'kafka') });
  const client = { clientId: 'bench', bootstrapBrokers: kafka.bootstrap };
  const admin = new Admin(client);
  await admin.createTopics({ topics: [TOPIC, DRIVER_TOPIC], partitions: PARTITIONS, replicas: 1 });
  await admin.createTopics({ topics: [RAW_TOPIC, `${TOPIC}.dlq`, `${DRIVER_TOPIC}.dlq`], partitions: 1, replicas: 1 });
  await admin.close();
  const producer = new Producer({ ...client, acks: ProduceAcks.ALL, idempotent: true, serializers: stringSerializers });
  const consumer = new Consumer({ ...client, groupId: 'bench-raw', deserializers: stringDeserializers });
  const stream = await consumer.consume({ topics: [RAW_TOPIC], mode: 'earliest', autocommit: true });
  const raw = new Echo((ids) =>
    producer.send({ messages: ids.map((key) => ({ topic: RAW_TOPIC, key, value: PADDING })) }),
  );
  stream.on('data', ({ key }) => raw.heard(key));
  return {
    name: 'Kafka',
    settings: { driver: 'kafka', brokers: kafka.bootstrap, topic: TOPIC, partitions: PARTITIONS },
    raw,
    stop: async () => {
      await consumer.close(true);
      await producer.close();
      await kafka.stop();
    },
  };
}
