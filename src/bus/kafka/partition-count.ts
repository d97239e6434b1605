import { Admin } from '@platformatic/kafka';
import { clientOptions, isAnswer, type KafkaAccess, unavailable } from './clients.ts';
import { inTime } from './in-time.ts';

/**
 * How many partitions a topic has; undefined: there is no such topic.
 * @param limitMs how long to wait for an answer
 * @throws BusUnavailable
 */
export async function partitionCount(access: KafkaAccess, topic: string, limitMs: number): Promise<number | undefined> {
  const admin = new Admin(clientOptions(access));
  try {
    const { topics } = await inTime(limitMs, admin.metadata({ topics: [topic] }));
    return topics.get(topic)?.partitionsCount;
  } catch (error) {
    if (isAnswer(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return undefined;
    throw unavailable(access, error);
  } finally {
    await inTime(limitMs, admin.close());
  }
}
