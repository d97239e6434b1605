import type { BusDriver } from './bus/bus.ts';
import { kafkaClassPath } from './kafka/jars.ts';
import { findRedisServer } from './redis/server.ts';
import { findJava } from './tools/java.ts';

/** @throws Error saying what to install, where something is missing that a world with such a bus runs */
export async function findPrograms(bus: BusDriver): Promise<void> {
  findRedisServer();
  if (bus !== 'kafka') return;
  findJava('A Kafka broker');
  await kafkaClassPath();
}
