import { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAccess, unavailable } from './clients.ts';
import { inTime } from './in-time.ts';

/**
 * How many partitions a topic has.
 * @param limitMs how long to wait for an answer
 * @throws BusUnavailable, also where there is no such topic
 */
export async function partitionCount(access: KafkaAccess, topic: string, limitMs: number): Promise<number> {
  const admin = new Admin(clientOptions(access));
  try {
    const { topics } = await inTime(limitMs, admin.metadata({ topics: [topic] }));
    return topics.get(topic)?.partitionsCount ?? 0;
  } catch (error) {
    throw unavailable(access, error);
  } finally {
    await inTime(limitMs, admin.close());
  }
}
