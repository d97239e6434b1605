import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedJars } from '../tools/jars.ts';

const KAFKA = {
  of: 'kafka',
  pinnedBy: 'setup/kafka/jars.json',
  otherwise: 'unpack a Kafka and set KAFKA_HOME to its folder',
};

/**
 * The class path of a Kafka broker: `KAFKA_HOME`, else the jars that setup/kafka/jars.json pins, downloaded once into
 * the user's cache.
 * @throws Error if it cannot be downloaded, with advice
 */
export async function kafkaClassPath(): Promise<string> {
  const home = process.env.KAFKA_HOME;
  if (!home) return join(await pinnedJars(KAFKA), '*');
  if (existsSync(join(home, 'libs'))) return join(home, 'libs', '*');
  throw new Error(`KAFKA_HOME names ${home}, which is no unpacked Kafka: it has no libs`);
}
