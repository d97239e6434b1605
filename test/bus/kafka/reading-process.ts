import { createKafkaBus } from '../../../src/bus/kafka/kafka.ts';
import { createLog } from '../../../src/ops/log.ts';

/** An instance in a process of its own, which a test can freeze or kill: it tells its parent what it handles. */
const [broker = '', topic = '', partitions = '', sessionMs = '', member] = process.argv.slice(2);

const bus = createKafkaBus({
  access: { brokers: [broker], clientId: 'process' },
  topic,
  partitions: Number(partitions),
  region: 'eu',
  sessionMs: Number(sessionMs),
  ...(member && { member }),
  log: createLog('silent', 'here', 'test'),
});
bus.consume(async (partition, batch) => {
  const handled = { partition, values: batch.map(({ value }) => value) };
  await new Promise<void>((resolve, reject) =>
    process.send?.(handled, (error: Error | null) => (error ? reject(error) : resolve())),
  );
});
process.once('disconnect', () => process.exit());
