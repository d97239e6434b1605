import { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAccess, unavailable } from './clients.ts';
import { inTime } from './in-time.ts';

/**
 * The number of partitions of a topic; undefined if the topic does not exist.
 * @param limitMs timeout of each request
 * @throws BusUnavailable
 */
export async function partitionCount(access: KafkaAccess, topic: string, limitMs: number): Promise<number | undefined> {
  const admin = new Admin(clientOptions(access));
  try {
    const names = await inTime(limitMs, admin.listTopics());
    if (!names.includes(topic)) return undefined;
    const { topics } = await inTime(limitMs, admin.metadata({ topics: [topic] }));
    return topics.get(topic)?.partitionsCount;
  } catch (error) {
    throw unavailable(access, error);
  } finally {
    await inTime(limitMs, admin.close());
  }
}
