import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompressionAlgorithms, type CompressionAlgorithmValue, Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Bus, BusUnavailable, MessageRefused } from '../../../src/bus/bus.ts';
import { openLetter, sealLetter } from '../../../src/bus/dead-letter.ts';
import { createKafkaBus, type KafkaBusOptions } from '../../../src/bus/kafka/kafka.ts';
import { createLog } from '../../../src/ops/log.ts';
import { type LocalKafka, startKafka } from '../../../world/kafka/cluster.ts';
import { kafkaOrSkip } from '../../fixtures/kafka.ts';
import { Handled, Publishing } from './handled.ts';
import { TestTopics } from './topics.ts';

const log = createLog(process.env.LOG_LEVEL ?? 'silent', 'here', 'test');
const PARTITIONS = 4;
const SESSION_MS = 1_000;
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const waitFor = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 45_000, interval: 20 });

kafkaOrSkip('Kafka, where things go wrong', () => {
  let dir: string;
  let kafka: LocalKafka;
  let topics: TestTopics;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'muster-kafka-'));
    kafka = await startKafka({ dir });
    topics = new TestTopics(kafka.bootstrap);
  });
  afterAll(async () => {
    await topics?.close();
    await kafka?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function open(topic: string, options: Partial<KafkaBusOptions> = {}): Promise<Bus> {
    await topics.make(topic, PARTITIONS);
    const access = { brokers: kafka.bootstrap, clientId: 'test' };
    const usual = { access, topic, partitions: PARTITIONS, region: 'eu', sessionMs: SESSION_MS, log };
    const bus = createKafkaBus({ ...usual, ...options });
    onTestFinished(() => bus.close());
    return bus;
  }

  /** Everything that was published has been handled, each partition in its order. */
  const expectAll = (handled: Handled, published: string[][]) =>
    waitFor(() => expect(all.map((partition) => handled.of(partition))).toEqual(published));

  test('no message is lost or reordered while instances start and stop under load', async () => {
    const topic = 'rebalanced';
    const publishing = new Publishing(await open(topic));
    const handled = new Handled();
    const first = await open(topic);
    first.consume(handled.add);
    await waitFor(() => expect(handled.of(0).length).toBeGreaterThan(20));
    for (let guest = 0; guest < 3; guest++) {
      const joined = await open(topic);
      let share = 0;
      joined.consume(async (partition, batch) => {
        share += batch.length;
        await handled.add(partition, batch);
      });
      await waitFor(() => expect(share).toBeGreaterThan(20));
      await joined.close();
    }
    await expectAll(handled, await publishing.stop());
  });

  /** An instance in a process of its own. */
  function start(topic: string, sessionMs: number, handled: Handled, member?: string) {
    const [broker = ''] = kafka.bootstrap;
    const args = [broker, topic, `${PARTITIONS}`, `${sessionMs}`, ...(member ? [member] : [])];
    const child = fork(new URL('reading-process.ts', import.meta.url), args, { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.on('message', ({ partition, values }: { partition: number; values: string[] }) => {
      const batch = values.map((value) => ({ value }));
      handled.add(partition, batch);
    });
    return child;
  }

  test('an instance frozen for longer than its session loses its share, and takes part again', async () => {
    const topic = 'frozen-reader';
    const publishing = new Publishing(await open(topic));
    const [handled, childs] = [new Handled(), new Handled()];
    const child = start(topic, SESSION_MS, childs);
    child.on('message', ({ partition, values }: { partition: number; values: string[] }) =>
      handled.add(
        partition,
        values.map((value) => ({ value })),
      ),
    );
    await waitFor(() => expect(childs.of(0).length).toBeGreaterThan(20));

    child.kill('SIGSTOP');
    const heir = await open(topic);
    heir.consume(handled.add);
    // Every partition is read on: what the frozen one held, too.
    const before = [...publishing.taken];
    await waitFor(() => {
      for (const partition of all) expect(handled.of(partition)).toContain(`${before[partition]}`);
    });
    const whileFrozen = childs.count;
    child.kill('SIGCONT');
    await waitFor(() => expect(childs.count).toBeGreaterThan(whileFrozen + 20));

    await expectAll(handled, await publishing.stop());
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
  });

  test('a killed instance with a static member name gets its partitions back at once', async () => {
    const topic = 'named';
    const longMs = 10 * 60_000;
    const bus = await open(topic);
    const dead = new Handled();
    const child = start(topic, longMs, dead, 'eu-0');
    for (const partition of all) await bus.publish(partition, [{ key: 'k', headers: {}, value: 'before' }]);
    await waitFor(() => expect(all.map((partition) => dead.of(partition))).toEqual(all.map(() => ['before'])));
    child.kill('SIGKILL');
    await once(child, 'exit');

    const next = await open(topic, { sessionMs: longMs, member: 'eu-0' });
    const handled = new Handled();
    next.consume(handled.add);
    for (const partition of all) await bus.publish(partition, [{ key: 'k', headers: {}, value: 'after' }]);
    await waitFor(() => expect(all.map((partition) => handled.of(partition).at(-1))).toEqual(all.map(() => 'after')));
  });

  test('a message that is empty or not text is delivered, and does not block later ones', async () => {
    const topic = 'poisoned';
    const bus = await open(topic);
    const handled = new Handled();
    bus.consume(handled.add);
    const producer = new Producer({ clientId: 'stranger', bootstrapBrokers: kafka.bootstrap });
    onTestFinished(() => producer.close());
    const send = (value?: Buffer, compression: CompressionAlgorithmValue = CompressionAlgorithms.NONE) =>
      producer.send({ messages: [{ topic, partition: 0, ...(value && { value }) }], compression });
    await send();
    await send(Buffer.from([0xff, 0xfe, 0x00]));
    await send(Buffer.from('squeezed'), CompressionAlgorithms.GZIP);
    await bus.publish(0, [{ key: 'k', headers: {}, value: 'last' }]);
    await waitFor(() => expect(handled.of(0)).toEqual(['', '\ufffd\ufffd\u0000', 'squeezed', 'last']));
    await waitFor(async () => expect((await bus.lag())[0]?.behind).toBe(0));
    expect(handled.times(0)).toBe(4);
  });

  test('a message that is too large for the topic is refused for good, and can become a dead letter', async () => {
    const topic = 'oversized';
    const bus = await open(topic);
    const handled = new Handled();
    bus.consume(handled.add);
    const small = (value: string) => ({ key: 'ann', headers: {}, value });
    const large = { key: 'ann', headers: { ce_id: 'large' }, value: 'x'.repeat(2_000_000) };
    const refused = bus.publish(1, [small('before'), large, small('behind')]);
    await expect(refused).rejects.toThrow(MessageRefused);
    await expect(refused).rejects.toThrow(/^it is 20\d{5} bytes, more than the topic's max.message.bytes allows$/);
    await bus.publish(1, [small('behind')]);
    await waitFor(() => expect(handled.of(1).at(-1)).toBe('behind'));
    const cause = { reason: 'is too large', region: 'eu', from: 'outbox 1', atMs: 1_764_000_000_000 };
    await bus.deadLetter(sealLetter(large, cause));
    await bus.deadLetter(sealLetter({ ...large, key: large.value, headers: { ce_id: 'x', note: large.value } }, cause));
    const [letter, short] = (await topics.deadLetters(topic)).map(openLetter);
    expect(letter).toMatchObject({
      ...cause,
      message: { key: 'ann', headers: { ce_id: 'large' } },
      cutFrom: 2_000_000,
    });
    expect(short).toMatchObject({ ...cause, message: { headers: { ce_id: 'x' } }, cutFrom: 2_000_000 });
  });

  test('a topic with another number of partitions is not published to, and the error says both numbers', async () => {
    const bus = await open('miscounted', { partitions: PARTITIONS + 1 });
    const refused = bus.publish(0, [{ key: 'k', headers: {}, value: 'v' }]);
    await expect(refused).rejects.toThrow(BusUnavailable);
    await expect(refused).rejects.toThrow('the topic miscounted has 4 partitions, and bus.partitions is 5');
    expect(await topics.stored('miscounted', 0)).toBe(0);
  });

  test('reading resumes after a broker was frozen', async () => {
    const topic = 'frozen';
    const bus = await open(topic);
    const handled = new Handled();
    bus.consume(handled.add);
    const send = (value: string) => bus.publish(0, [{ key: 'k', headers: {}, value }]);
    await send('before');
    await waitFor(() => expect(handled.of(0)).toEqual(['before']));
    await kafka.brokers[0]?.kill('SIGSTOP');
    onTestFinished(async () => void (await kafka.brokers[0]?.kill('SIGCONT')));
    await expect(send('lost, or late')).rejects.toThrow(BusUnavailable);
    await kafka.brokers[0]?.kill('SIGCONT');
    await waitFor(() => send('thawed'));
    await waitFor(() => expect(handled.of(0).at(-1)).toBe('thawed'));
  });
});
