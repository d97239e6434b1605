import { otherCount } from '../../bus/kafka/kafka.ts';
import { partitionCount } from '../../bus/kafka/partition-count.ts';
import type { Log } from '../../ops/log.ts';
import { type KafkaConfig, kafkaAccess } from '../kafka.ts';

/** A start waits so long for brokers, and goes on without. */
const LIMIT_MS = 3000;

/**
 * Refuses a topic whose partitions are not those of the configuration: agents would lie where no other region looks for
 * them. A bus that is away, or has no topic yet, keeps nobody from starting.
 * @throws Error saying what to run
 */
export async function checkTopic(bus: KafkaConfig, instance: string, log: Log): Promise<void> {
  const { topic, partitions } = bus;
  const access = kafkaAccess(bus, instance);
  let count: number;
  try {
    count = await partitionCount(access, topic, LIMIT_MS);
  } catch (error) {
    log.warn('topic_check_failed', { err: error, topic });
    return;
  }
  if (count !== partitions) throw new Error(otherCount(topic, count, partitions));
}
