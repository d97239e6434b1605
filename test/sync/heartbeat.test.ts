import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HEARTBEAT, type Heartbeat, openMessage, readFields } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { OutboxFull, type Store } from '../../src/store/store.ts';
import { Heartbeats } from '../../src/sync/freshness/heartbeat.ts';
import { event, holdTime, MemorySync, pass, START_MS, until } from './memory-sync.ts';

const EVERY_MS = 1000;
let sync: MemorySync;
let running: Heartbeats[];
beforeEach(() => {
  sync = new MemorySync();
  running = [];
});
afterEach(() => {
  for (const each of running) each.stop();
  sync.stop();
});

/** The heartbeats of one instance, which relays some partitions. */
function create(relays: () => number[], instance = 'eu-1', store: Pick<Store, 'outbox' | 'takeBeat'> = sync.store) {
  const heartbeats = new Heartbeats({
    store,
    leases: { ...sync.leases('relay', 3), held: () => new Set(relays()) },
    region: 'eu',
    instance,
    heartbeatMs: EVERY_MS,
    clock: sync.clock,
    log: sync.log,
  });
  running.push(heartbeats);
  return heartbeats;
}

/** What lies in a partition: a heartbeat, or the id of another message. */
async function partition(number: number): Promise<(Heartbeat | string)[]> {
  const entries = await sync.store.outbox.oldest(number, 1000);
  return entries.map(({ fields }) => {
    const message = readFields(fields);
    const envelope = openMessage(message, START_MS);
    return envelope.type === HEARTBEAT ? envelope.heartbeat : (message.headers.ce_id ?? '');
  });
}
const all = async () => Promise.all([0, 1, 2].map(partition));
const counts = async () => (await all()).map((each) => each.length);
const written = async () => (await all()).flat() as Heartbeat[];

describe('an instance', () => {
  beforeEach(holdTime);

  it('beats at once, and regularly, on the partitions that it relays and no others', async () => {
    create(() => [0, 2]).start();
    await pass(0);
    expect(await counts()).toEqual([1, 0, 1]);
    await pass(3 * EVERY_MS);
    expect(await counts()).toEqual([4, 0, 4]);
  });

  it('that relays nothing is silent, and beats long before the next heartbeat is due once it does', async () => {
    const relays: number[] = [];
    create(() => relays).start();
    await pass(5 * EVERY_MS);
    expect(await counts()).toEqual([0, 0, 0]);
    relays.push(1);
    await pass(EVERY_MS / 5);
    expect(await counts()).toEqual([0, 1, 0]);
    relays.length = 0;
    await pass(5 * EVERY_MS);
    expect(await counts()).toEqual([0, 1, 0]);
  });

  it('is silent once it has stopped', async () => {
    const heartbeats = create(() => [0]);
    heartbeats.start();
    await pass(EVERY_MS);
    heartbeats.stop();
    const before = await counts();
    await pass(5 * EVERY_MS);
    expect(await counts()).toEqual(before);
  });

  it('follows the leases of the region: two of them have all partitions between them, each one of them once', async () => {
    const instances = ['eu-1', 'eu-2'].map((name) => ({ name, leases: sync.leases('relay', 3, name) }));
    for (const { name, leases } of instances) {
      leases.start();
      create(() => [...leases.held()], name).start();
    }
    // The first takes all, and hands back what is the second's.
    await until(() => instances.every(({ leases }) => leases.held().size > 0));
    for (const number of [0, 1, 2]) {
      const entries = await sync.store.outbox.oldest(number, 1000);
      await sync.store.outbox.remove(
        number,
        entries.map(({ id }) => id),
      );
    }
    await pass(EVERY_MS);
    expect(await counts()).toEqual([1, 1, 1]);
    expect(new Set((await written()).map(({ writer }) => writer))).toEqual(new Set(['eu-1', 'eu-2']));
    for (const { leases } of instances) await leases.stop();
  });
});

describe('a heartbeat', () => {
  beforeEach(holdTime);

  it('lies behind everything that was accepted before it, and before what is accepted after it', async () => {
    create(() => [0, 1, 2]).start();
    await pass(0);
    const { place } = await sync.ingest.accept(event('crm:ann', START_MS));
    await pass(EVERY_MS);
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    const [first, told, second, later] = await partition(place.partition);
    expect([told, later]).toEqual([`crm:ann-${START_MS}`, `crm:ann-${START_MS + 1}`]);
    expect((second as Heartbeat).beat).toBeGreaterThan((first as Heartbeat).beat);
  });

  it('has one beat in all partitions, its writer, and both of its clocks', async () => {
    create(() => [0, 1, 2], 'eu-7').start();
    await pass(2 * EVERY_MS);
    const clockMs = [0, 1, 2].map((n) => START_MS + n * EVERY_MS);
    for (const each of await all()) {
      const expected = clockMs.map((ms) => ({ writer: 'eu-7', steadyMs: ms, timestampMs: ms }));
      expect(each).toMatchObject(expected.map((one) => ({ ...one, region: 'eu', leaving: false })));
    }
    const beats = new Set((await written()).map(({ beat }) => beat));
    expect(beats.size).toBe(3);
  });

  it('carries a clock that was read after its beat was taken, and before it was written', async () => {
    const takeBeat = async (highest: number) => {
      const beat = await sync.store.takeBeat(highest);
      sync.clock.ms += 7;
      return beat;
    };
    const append: Store['outbox']['append'] = async (...args) => {
      sync.clock.ms += 11;
      return sync.store.outbox.append(...args);
    };
    const outbox = { ...sync.store.outbox, partitions: 1, append };
    create(() => [0], 'eu-1', { takeBeat, outbox } as unknown as Store).start();
    await pass(0);
    expect(await partition(0)).toMatchObject([{ steadyMs: START_MS + 7 }]);
  });

  it('is left out while the store is away, and comes again when it is back', async () => {
    sync.region.outages.set(SHARED, 'away');
    create(() => [0]).start();
    await pass(3 * EVERY_MS);
    sync.region.outages.clear();
    expect(await counts()).toEqual([0, 0, 0]);
    expect(sync.logged('heartbeat_not_written').length).toBeGreaterThan(0);
    await pass(EVERY_MS);
    expect(await counts()).toEqual([1, 0, 0]);
  });

  it('that one partition does not take is written to the others', async () => {
    const append: Store['outbox']['append'] = async (number, fields) => {
      if (number === 1) throw new OutboxFull('full');
      return sync.store.outbox.append(number, fields);
    };
    const outbox = { append } as unknown as Store['outbox'];
    const takeBeat = (highest: number) => sync.store.takeBeat(highest);
    create(() => [0, 1, 2], 'eu-1', { outbox, takeBeat }).start();
    await pass(0);
    expect(await counts()).toEqual([1, 0, 1]);
    expect(sync.logged('heartbeat_not_written')).toHaveLength(1);
  });

  it('counts though no replica has it', async () => {
    sync.region.acknowledges = false;
    create(() => [0]).start();
    await pass(0);
    expect(await counts()).toEqual([1, 0, 0]);
    expect(sync.logged('heartbeat_not_written')).toEqual([]);
  });
});

describe('a good-bye', () => {
  it('is the last word on every partition, whichever the instance relays', async () => {
    const heartbeats = create(() => [1]);
    for (let n = 0; n < 10; n++) await sync.ingest.accept(event(`crm:${n}`, START_MS));
    expect((await counts()).every((count) => count > 0)).toBe(true);
    await heartbeats.sayGoodbye();
    for (const each of await all()) expect(each.at(-1)).toMatchObject({ region: 'eu', leaving: true });
  });

  it('is left out where it cannot be said', async () => {
    sync.region.outages.set(SHARED, 'away');
    await expect(create(() => [1]).sayGoodbye()).resolves.toBeUndefined();
    sync.region.outages.clear();
    expect(await counts()).toEqual([0, 0, 0]);
  });
});

describe('a beat', () => {
  const step = fc.record({
    instance: fc.nat(2),
    // The clock of the shard is set, and a failover takes the beats of which no replica knew.
    jumpMs: fc.constantFrom(0, 0, 1, -1, 5_000, -5_000, 300_000, -300_000),
    lost: fc.constantFrom(0, 0, 0, 1, 1000),
  });

  it('is higher than all that its instance knows, and than all that the store knows, whatever clocks and failovers do', async () => {
    const law = async (steps: { instance: number; jumpMs: number; lost: number }[]): Promise<void> => {
      const instances = [0, 1, 2].map(() => create(() => []));
      const known = [0, 0, 0];
      for (const { instance, jumpMs, lost } of steps) {
        sync.clock.ms += jumpMs;
        sync.region.shared.beat -= lost;
        const stored = sync.region.shared.beat;
        const beat = (await instances[instance]?.take()) ?? 0;
        expect(beat).toBeGreaterThan(Math.max(stored, known[instance] ?? 0));
        known[instance] = beat;
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), law), { numRuns: 200 });
  });

  it('is not taken while the store is away', async () => {
    sync.region.outages.set(SHARED, 'away');
    await expect(create(() => []).take()).rejects.toThrow('away');
  });
});
