import { setTimeout as delay } from 'node:timers/promises';
import { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAccess, unavailable } from './clients.ts';

/**
 * How many partitions a topic has.
 * @param limitMs how long to wait for an answer
 * @throws BusUnavailable, also where there is no such topic
 */
export async function partitionCount(access: KafkaAccess, topic: string, limitMs: number): Promise<number> {
  const admin = new Admin(clientOptions(access));
  const late = new AbortController();
  try {
    const asked = admin.metadata({ topics: [topic] });
    const silence = delay(limitMs, undefined, { signal: late.signal }).then(() => {
      throw new Error(`no answer within ${limitMs} ms`);
    });
    const { topics } = await Promise.race([asked, silence]);
    return topics.get(topic)?.partitionsCount ?? 0;
  } catch (error) {
    throw unavailable(access, error);
  } finally {
    late.abort();
    await admin.close();
  }
}
