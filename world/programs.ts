import type { BusDriver } from './bus/bus.ts';
import { kafkaClassPath } from './kafka/jars.ts';
import { findRedisServer } from './redis/server.ts';
import { findJava } from './tools/java.ts';

/** Checks the programs that a world with this bus needs. @throws Error saying what to install */
export async function findPrograms(bus: BusDriver): Promise<void> {
  findRedisServer();
  if (bus !== 'kafka') return;
  findJava('A Kafka broker');
  await kafkaClassPath();
}
