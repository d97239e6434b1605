import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type Bus, type BusMessage, BusUnavailable, type Delivery } from '../../src/bus/bus.ts';
import { openLetter, sealLetter } from '../../src/bus/dead-letter.ts';

export const PARTITIONS = 4;
export const REGIONS = ['eu', 'us', 'ap'];

/** What a driver must provide to be put through the contract. */
export interface BusHarness {
  /** One instance of a region, on a connection of its own. Leases or sessions should lapse within about a second. */
  open(options: { topic: string; region: string; instance: string }): Promise<OpenBus>;
  /** Takes the bus away, with everything it holds kept for its return. */
  stopBus(): Promise<void>;
  startBus(): Promise<void>;
  /** Messages of a partition that the bus still stores. */
  stored(topic: string, partition: number): Promise<number>;
  deadLetters(topic: string): Promise<BusMessage[]>;
  close(): Promise<void>;
}

export interface OpenBus {
  bus: Bus;
  /** Cuts the instance off from the bus for good, as its death would. */
  die(): void;
}

const DEADLINE_MS = 15_000;
const waitFor = (condition: () => void | Promise<void>) =>
  vi.waitFor(condition, { timeout: DEADLINE_MS, interval: 20 });

/** What one instance has handled, per partition, in order. */
class Reader {
  readonly values = new Map<number, string[]>();
  readonly owned = new Set<number>();
  mostInFlight = 0;
  readonly #inFlight = new Map<number, number>();
  /** What to do with a batch; rejecting leaves it unhandled. */
  before: (partition: number, batch: Delivery[]) => Promise<void> = async () => undefined;

  handle = async (partition: number, batch: Delivery[]): Promise<void> => {
    const inFlight = (this.#inFlight.get(partition) ?? 0) + 1;
    this.#inFlight.set(partition, inFlight);
    this.mostInFlight = Math.max(this.mostInFlight, inFlight);
    try {
      await this.before(partition, batch);
      this.owned.add(partition);
      this.of(partition).push(...batch.map((message) => message.value));
    } finally {
      this.#inFlight.set(partition, inFlight - 1);
    }
  };

  of(partition: number): string[] {
    const values = this.values.get(partition) ?? [];
    this.values.set(partition, values);
    return values;
  }
}

const message = (value: string): BusMessage => ({ key: `agent-${value}`, headers: { ce_id: value }, value });
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `${from + i}`);
const distinct = (values: string[]) => [...new Set(values)];
const never = new Promise<never>(() => undefined);

/** The promises of `src/bus/bus.ts`, which every driver must keep; without `canFail`, those that need no bus to fail. */
export function busContract(
  name: string,
  makeHarness: () => Promise<BusHarness>,
  { canFail } = { canFail: true },
): void {
  let harness: BusHarness;
  let opened: OpenBus[] = [];
  const topic = () => `agent.status.change.${randomUUID()}`;

  beforeAll(async () => {
    harness = await makeHarness();
  });
  afterEach(async () => {
    await Promise.all(opened.map(({ bus }) => bus.close()));
    opened = [];
  });
  afterAll(() => harness?.close());

  async function open(topicName: string, region: string, instance = `${region}-1`): Promise<OpenBus> {
    const one = await harness.open({ topic: topicName, region, instance });
    opened.push(one);
    return one;
  }

  async function consume(topicName: string, region: string, instance?: string) {
    const one = await open(topicName, region, instance);
    const reader = new Reader();
    one.bus.consume(reader.handle);
    return { ...one, reader };
  }

  const send = (bus: Bus, partition: number, values: string[]) => bus.publish(partition, values.map(message));

  test(`${name}: a partition is read in order, with key, headers and value as they were published`, async () => {
    const { bus, reader } = await consume(topic(), 'eu');
    const seen: Delivery[] = [];
    reader.before = async (_, batch) => void seen.push(...batch);
    const sent = numbered(1_500);
    for (let i = 0; i < sent.length; i += 150) await send(bus, 1, sent.slice(i, i + 150));
    await waitFor(() => expect(reader.of(1)).toEqual(sent));
    expect(seen[7]).toMatchObject({ key: 'agent-7', headers: { ce_id: '7' }, value: '7' });
    expect(new Set(seen.map((delivery) => delivery.position)).size).toBe(sent.length);
    expect(await bus.lag()).toEqual(
      numbered(PARTITIONS).map((n) => ({ partition: Number(n), behind: expect.any(Number) })),
    );
    await waitFor(async () => expect((await bus.lag())[1]?.behind).toBe(0));
  });

  test(`${name}: a rejected batch is delivered again, before later ones`, async () => {
    const { bus, reader } = await consume(topic(), 'eu');
    let rejections = 0;
    reader.before = async () => {
      if (rejections++ < 2) throw new Error('not now');
    };
    await send(bus, 0, ['a', 'b']);
    await send(bus, 0, ['c']);
    await waitFor(() => expect(reader.of(0)).toEqual(['a', 'b', 'c']));
    expect(rejections).toBeGreaterThan(2);
  });

  test(`${name}: a partition whose handler fails or hangs holds up no other`, async () => {
    const { bus, reader } = await consume(topic(), 'eu');
    const { promise: hanging, resolve: release } = Promise.withResolvers<void>();
    reader.before = async (partition) => {
      if (partition === 0) throw new Error('poison');
      if (partition === 1) await hanging;
    };
    try {
      for (const partition of [0, 1, 2, 3]) await send(bus, partition, ['x']);
      await waitFor(() => expect(reader.of(2).concat(reader.of(3))).toEqual(['x', 'x']));
      await send(bus, 2, ['y']);
      await waitFor(() => expect(reader.of(2)).toEqual(['x', 'y']));
      expect(reader.of(0).concat(reader.of(1))).toEqual([]);
      expect((await bus.lag())[0]?.behind).toBe(1);
    } finally {
      release();
    }
  });

  test(`${name}: never more than one batch of a partition is being handled`, async () => {
    const { bus, reader } = await consume(topic(), 'eu');
    let largest = 0;
    reader.before = async (_, batch) => {
      largest = Math.max(largest, batch.length);
      await new Promise((resolve) => setImmediate(resolve));
    };
    const sent = numbered(3_000);
    await Promise.all([0, 1, 2].map((partition) => send(bus, partition, sent)));
    await waitFor(() =>
      expect([0, 1, 2].map((partition) => reader.of(partition).length)).toEqual([3_000, 3_000, 3_000]),
    );
    expect(reader.mostInFlight).toBe(1);
    expect(largest).toBeLessThan(3_000);
  });

  test(`${name}: every region reads everything`, async () => {
    const shared = topic();
    const regions = await Promise.all(REGIONS.map((region) => consume(shared, region)));
    for (const partition of [0, 1, 2, 3]) await send((regions[0] as OpenBus).bus, partition, numbered(50));
    for (const { reader } of regions) {
      await waitFor(() => expect([0, 1, 2, 3].map((n) => reader.of(n))).toEqual([0, 1, 2, 3].map(() => numbered(50))));
    }
  });

  test.runIf(canFail)(`${name}: what an instance had not committed when it died is delivered to another`, async () => {
    const shared = topic();
    const dying = await consume(shared, 'eu', 'eu-1');
    await send(dying.bus, 2, ['committed']);
    await waitFor(async () => expect((await dying.bus.lag())[2]?.behind).toBe(0));
    const taken = Promise.withResolvers<void>();
    dying.reader.before = async () => {
      taken.resolve();
      await never;
    };
    await send(dying.bus, 2, ['first', 'second']);
    await taken.promise;
    dying.die();
    opened = opened.filter((one) => one.bus !== dying.bus);

    const heir = await consume(shared, 'eu', 'eu-2');
    await waitFor(() => expect(heir.reader.of(2)).toEqual(['first', 'second']));
    await send(heir.bus, 2, ['third']);
    await waitFor(() => expect(heir.reader.of(2)).toEqual(['first', 'second', 'third']));
  });

  test(`${name}: two instances share the partitions, and the one that stays takes all`, async () => {
    const shared = topic();
    const sent = new Map<number, string[]>([0, 1, 2, 3].map((partition) => [partition, []]));
    const first = await consume(shared, 'eu', 'eu-1');
    const publisher = await open(shared, 'us');
    const sendToAll = async () => {
      for (const [partition, values] of sent) {
        const value = `${values.length}`;
        values.push(value);
        await send(publisher.bus, partition, [value]);
      }
    };
    await sendToAll();
    await waitFor(() => expect(first.reader.owned.size).toBe(PARTITIONS));

    const second = await consume(shared, 'eu', 'eu-2');
    await waitFor(async () => {
      await sendToAll();
      expect(second.reader.owned.size).toBe(PARTITIONS / 2);
    });
    first.reader.owned.clear();
    await waitFor(async () => {
      await sendToAll();
      expect(first.reader.owned.size).toBe(PARTITIONS / 2);
    });
    expect([...first.reader.owned].filter((partition) => second.reader.owned.has(partition))).toEqual([]);

    await first.bus.close();
    opened = opened.filter((one) => one.bus !== first.bus);
    const handledByFirst = new Map([0, 1, 2, 3].map((partition) => [partition, first.reader.of(partition).length]));
    await sendToAll();
    await waitFor(() => {
      for (const [partition, values] of sent) {
        const together = [...first.reader.of(partition), ...second.reader.of(partition)];
        expect(distinct(together).sort()).toEqual([...values].sort());
        expect(second.reader.of(partition).at(-1)).toBe(values.at(-1));
      }
    });
    for (const [partition, count] of handledByFirst) expect(first.reader.of(partition)).toHaveLength(count);
  });

  test(`${name}: close waits for a running batch and its commit, and no other instance gets it`, async () => {
    const shared = topic();
    const leaving = await consume(shared, 'eu', 'eu-1');
    const taken = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    leaving.reader.before = () => {
      taken.resolve();
      return finished.promise;
    };
    await send(leaving.bus, 3, ['last words']);
    await taken.promise;
    const closed = leaving.bus.close();
    opened = opened.filter((one) => one.bus !== leaving.bus);
    finished.resolve();
    await closed;
    expect(leaving.reader.of(3)).toEqual(['last words']);

    const next = await consume(shared, 'eu', 'eu-2');
    await send(next.bus, 3, ['next']);
    await waitFor(() => expect(next.reader.of(3)).toEqual(['next']));
  });

  test(`${name}: no message is trimmed before every region has read it, even one that never ran`, async () => {
    const shared = topic();
    const [eu, us] = [await consume(shared, 'eu'), await consume(shared, 'us')];
    const sent = numbered(300);
    await send(eu.bus, 0, sent);
    await waitFor(() => expect([eu.reader.of(0).length, us.reader.of(0).length]).toEqual([300, 300]));
    await waitFor(async () => expect((await us.bus.lag())[0]?.behind).toBe(0));
    expect(await harness.stored(shared, 0)).toBe(300);

    const ap = await open(shared, 'ap');
    expect((await ap.bus.lag())[0]?.behind).toBe(300);
    const late = new Reader();
    ap.bus.consume(late.handle);
    await waitFor(() => expect(late.of(0)).toEqual(sent));
    await waitFor(async () => expect((await ap.bus.lag())[0]?.behind).toBe(0));
  });

  test.runIf(canFail)(
    `${name}: while the bus is away publishing is refused; when it is back everything goes on`,
    async () => {
      const { bus, reader } = await consume(topic(), 'eu');
      await send(bus, 1, ['before']);
      await waitFor(() => expect(reader.of(1)).toEqual(['before']));
      await harness.stopBus();
      onTestFinished(() => harness.startBus());
      await expect(send(bus, 1, ['lost'])).rejects.toThrow(BusUnavailable);
      await expect(bus.lag()).rejects.toThrow(BusUnavailable);
      await harness.startBus();
      await waitFor(() => send(bus, 1, ['after']));
      await waitFor(() => expect(distinct(reader.of(1)).at(-1)).toBe('after'));
      expect(reader.of(1)).not.toContain('lost');
    },
  );

  test(`${name}: a dead letter keeps the message and the reason`, async () => {
    const shared = topic();
    const { bus } = await open(shared, 'eu');
    const message = { key: 'k', headers: { ce_type: 't' }, value: '{' };
    const cause = { reason: 'is not JSON', region: 'eu', from: 'bus partition 1, 5', atMs: 1_764_000_000_000 };
    // A topic that was just created is not known everywhere at once.
    await waitFor(() => bus.deadLetter(sealLetter(message, cause)));
    await waitFor(async () =>
      expect((await harness.deadLetters(shared)).map(openLetter)).toEqual([{ message, ...cause }]),
    );
  });
}
