import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BusMessage, BusUnavailable } from '../../src/bus/bus.ts';
import { openLetter } from '../../src/bus/dead-letter.ts';
import { originOf } from '../../src/bus/envelope.ts';
import type { Flushed, Relay } from '../../src/sync/flow/relay.ts';
import { event, holdTime, KeepingBus, MemorySync, pass, START_MS } from './memory-sync.ts';

/** How often a relay looks by itself. */
const LOOK_MS = 1000;
/** Longer than a relay waits after a failure. */
const BACKOFF_MS = 3000;
let sync: MemorySync;
let relays: Relay[];
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  relays = [];
});
afterEach(async () => {
  await Promise.all([...relays.map((each) => each.stop()), pass(10_000)]);
  sync.stop();
});

/** A relay of `main`, unless it says otherwise. */
function create(held: () => string[] = () => ['main'], bus = sync.bus, store = sync.store): Relay {
  const relay = sync.relay(held, { bus, store });
  relays.push(relay);
  return relay;
}
async function start(...args: Parameters<typeof create>): Promise<Relay> {
  const relay = create(...args);
  await relay.start();
  await pass(0);
  return relay;
}
const accept = (n: number) => sync.ingest.accept(event('crm:ann', START_MS + n));
async function acceptAll(count: number, from = 0): Promise<void> {
  for (let n = from; n < from + count; n++) await accept(n);
}
const idsOf = (messages: BusMessage[]) =>
  messages.map(({ headers }) => Number(headers.ce_id?.split('-')[1]) - START_MS);
const published = (bus = sync.bus) => idsOf(bus.published.map(({ message }) => message));
const range = (count: number) => Array.from({ length: count }, (_, n) => n);
/** A bus that takes what it is given when it is told to. */
function slowBus() {
  const bus = new KeepingBus();
  const publish = bus.publish.bind(bus);
  const taking: (() => void)[] = [];
  vi.spyOn(bus, 'publish').mockImplementation(async (...args) => {
    await new Promise<void>((resolve) => taking.push(resolve));
    await publish(...args);
  });
  const take = async (): Promise<void> => {
    taking.shift()?.();
    await pass(0);
  };
  return { bus, take };
}

describe('a message that the bus refuses for good', () => {
  it('becomes a dead letter, and the others are published in order', async () => {
    const publish = sync.bus.publish.bind(sync.bus);
    vi.spyOn(sync.bus, 'publish').mockImplementation(async (partition, messages) => {
      if (idsOf(messages).includes(7)) throw new TypeError('no such thing');
      await publish(partition, messages);
    });
    await acceptAll(20);
    await start();
    expect(published()).toEqual(range(20).filter((n) => n !== 7));
    expect(sync.bus.letters.map(openLetter)).toMatchObject([
      { reason: 'TypeError: no such thing', region: 'eu', from: 'outbox main 8-0', message: { key: 'crm:ann' } },
    ]);
    await pass(LOOK_MS);
    expect(await sync.waiting()).toEqual([]);
  });

  it('is not one that failed because the bus is unavailable', async () => {
    const publish = vi.spyOn(sync.bus, 'publish');
    for (let times = 0; times < 2; times++) publish.mockRejectedValueOnce(new BusUnavailable('away'));
    await acceptAll(3);
    await start();
    await pass(2 * BACKOFF_MS);
    expect(published()).toEqual([0, 1, 2]);
    expect(sync.bus.letters).toEqual([]);
  });

  it('may be none at all, which is told, and stops nothing', async () => {
    await accept(0);
    sync.region.domain('main').note('crm:odd', { isOurs: true, message: '{' });
    await accept(1);
    await start();
    expect(published()).toEqual([0, 1]);
    expect(await sync.counted('setAside', { place: 'outbox' })).toBe(1);
    await pass(LOOK_MS);
    expect(await sync.waiting()).toEqual([]);
  });
});

describe('what no replica has', () => {
  it('is not published under `refuse`, until one has it', async () => {
    sync.region.acknowledges = false;
    await expect(accept(0)).rejects.toThrow('no replica');
    const relay = await start();
    await pass(10_000);
    expect(sync.bus.published).toEqual([]);
    expect(await relay.flush('main')).toBeUndefined();
    sync.region.acknowledges = true;
    await pass(BACKOFF_MS);
    expect(published()).toEqual([0]);
  });

  it('is not published behind what one has, though it was read with it', async () => {
    await accept(0);
    sync.region.acknowledges = false;
    await expect(accept(1)).rejects.toThrow('no replica');
    await start();
    await pass(10_000);
    expect(sync.bus.published).toEqual([]);
    // A failover loses it, and nobody has learnt of it.
    sync.region.acknowledges = true;
    await pass(BACKOFF_MS);
    expect(published()).toEqual([0, 1]);
  });

  it('is published under `grant`', async () => {
    sync.stop();
    sync = new MemorySync({ replication: 'grant' });
    sync.region.acknowledges = false;
    await acceptAll(2);
    await start();
    expect(published()).toEqual([0, 1]);
  });
});

describe('a flush', () => {
  /** What a flush has come to: `pending`, or its result. */
  function flushing(relay: Relay, domain = 'main'): { is: Flushed | undefined | 'pending' } {
    const flush: { is: Flushed | undefined | 'pending' } = { is: 'pending' };
    void relay.flush(domain).then((flushed) => {
      flush.is = flushed;
    });
    return flush;
  }
  const upTo = (position: string): Flushed => ({ storeId: sync.region.domain('main').storeId, position });

  it('is done at once where nothing waits', async () => {
    const relay = create();
    expect(await relay.flush('main')).toEqual(upTo('0-0'));
    await acceptAll(2);
    expect(await relay.flush('main')).toEqual(upTo('2-0'));
    expect(await relay.flush('main')).toEqual(upTo('2-0'));
    expect(published()).toEqual([0, 1]);
  });

  it('is done when all that was there is published, and waits for nothing later', async () => {
    const { bus, take } = slowBus();
    const relay = create(undefined, bus);
    await acceptAll(2);
    const flush = flushing(relay);
    await pass(0);
    await acceptAll(1, 2);
    await pass(0);
    expect(flush.is).toBe('pending');
    await take();
    expect(published(bus)).toEqual([0, 1]);
    expect(flush.is).toEqual(upTo('2-0'));
    await take();
  });

  it('waits for what was accepted while the bus took what was read before', async () => {
    const { bus, take } = slowBus();
    const relay = create(undefined, bus);
    await acceptAll(1);
    const first = flushing(relay);
    await pass(0);
    await acceptAll(1, 1);
    const flush = flushing(relay);
    await take();
    expect(published(bus)).toEqual([0]);
    expect([first.is, flush.is]).toEqual([upTo('1-0'), 'pending']);
    await take();
    expect(published(bus)).toEqual([0, 1]);
    expect(flush.is).toEqual(upTo('2-0'));
  });

  it('waits for every batch', async () => {
    await acceptAll(1100);
    const { bus, take } = slowBus();
    const flush = flushing(create(undefined, bus));
    for (const count of [500, 1000]) {
      await pass(0);
      await take();
      expect(published(bus)).toHaveLength(count);
      expect(flush.is).toBe('pending');
    }
    await take();
    expect(published(bus)).toEqual(range(1100));
    expect(flush.is).toEqual(upTo('1100-0'));
  });

  it('counts changes that are not its own to publish', async () => {
    await accept(0);
    await sync.apply.fromBus(event('far:ann', START_MS));
    expect(await create().flush('main')).toEqual(upTo('2-0'));
  });

  it('is not possible for a domain of another instance', async () => {
    await accept(0);
    expect(await create(() => ['sales']).flush('main')).toBeUndefined();
    expect(sync.bus.published).toEqual([]);
  });

  it('is not possible while the store or the bus is away, nor until the next try', async () => {
    const relay = create();
    const publish = vi.spyOn(sync.bus, 'publish').mockRejectedValueOnce(new BusUnavailable('away'));
    await accept(0);
    expect(await relay.flush('main')).toBeUndefined();
    expect(await relay.flush('main')).toBeUndefined();
    expect(publish).toHaveBeenCalledOnce();
    await pass(BACKOFF_MS);
    expect(await relay.flush('main')).toEqual(upTo('1-0'));
    sync.region.outages.set('main', 'away');
    expect(await relay.flush('main')).toBeUndefined();
    sync.region.outages.clear();
    await pass(BACKOFF_MS);
    expect(await relay.flush('main')).toEqual(upTo('1-0'));
  });

  it.each([1, 500])('is not possible where the lease goes meanwhile, with %i changes', async (count) => {
    let held = ['main'];
    const { bus, take } = slowBus();
    const relay = create(() => held, bus);
    await acceptAll(count);
    const first = flushing(relay);
    await pass(0);
    await acceptAll(1, count);
    const flush = flushing(relay);
    held = [];
    await take();
    expect([first.is, flush.is]).toEqual([upTo(`${count}-0`), undefined]);
    await pass(10_000);
    await take();
    expect(published(bus)).toEqual(range(count));
  });

  it('is not possible once the relay has stopped, and ends when it does', async () => {
    const { bus } = slowBus();
    const relay = create(undefined, bus);
    await accept(0);
    const flush = flushing(relay);
    const stopped = relay.stop();
    await pass(10_000);
    await stopped;
    expect(flush.is).toBeUndefined();
    expect(await relay.flush('main')).toBeUndefined();
  });
});

describe('two relays of one domain', () => {
  it('publish the same, each in its order, and pass it together', async () => {
    const slow = slowBus();
    const [one, other] = [slow.bus, new KeepingBus()];
    await acceptAll(3);
    await start(undefined, one, sync.open());
    await start(undefined, other, sync.open());
    await pass(LOOK_MS);
    expect(published(other)).toEqual([0, 1, 2]);
    await acceptAll(2, 3);
    await pass(3 * LOOK_MS);
    expect(published(other)).toEqual([0, 1, 2, 3, 4]);
    expect(sync.region.domain('main').waiting(0).count).toBe(0);
    // The first one passes less than is passed already, and reads on from there.
    await slow.take();
    expect(published(one)).toEqual([0, 1, 2]);
    await pass(2 * LOOK_MS);
    expect(sync.region.domain('main').waiting(0).count).toBe(0);
    await slow.take();
    expect(published(one)).toEqual([0, 1, 2]);
    await accept(5);
    await pass(2 * LOOK_MS);
    await slow.take();
    expect([published(one).at(-1), published(other).at(-1)]).toEqual([5, 5]);
  });

  it('leave nothing out, whoever reads, publishes and passes when', async () => {
    const step = fc.constantFrom('accept', 'accept', 'one', 'other');
    const law = async (steps: ('accept' | 'one' | 'other')[]): Promise<void> => {
      sync.stop();
      sync = new MemorySync();
      const buses = { one: slowBus(), other: slowBus() };
      const both = [buses.one, buses.other].map(({ bus }) => create(undefined, bus, sync.open()));
      await Promise.all(both.map((each) => each.start()));
      let count = 0;
      for (const each of steps) {
        if (each === 'accept') await accept(count++);
        else await buses[each].take();
        await pass(LOOK_MS / 2);
      }
      for (let n = 0; n < 5; n++) {
        for (const each of ['one', 'other'] as const) await buses[each].take();
        await pass(LOOK_MS);
      }
      const seen = [buses.one.bus, buses.other.bus].map((bus) => published(bus));
      expect([...new Set(seen.flat())].sort((a, b) => a - b)).toEqual(range(count));
      for (const each of seen) expect(each).toEqual(each.toSorted((a, b) => a - b));
      expect(sync.region.domain('main').waiting(0).count).toBe(0);
      await Promise.all([...both.map((each) => each.stop()), pass(10_000)]);
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), law), { numRuns: 30 });
  });

  it('do not publish again what another store had published before this one was emptied', async () => {
    await acceptAll(3);
    await start();
    const before = sync.bus.published.splice(0).map(({ message }) => originOf(message)?.storeId);
    const emptied = new MemorySync();
    // The relay knows of three changes of the store of before, and passes none of this one.
    const { entries } = (await emptied.store.outbox.next('main', undefined, 10)).evenIfLost();
    expect(entries).toEqual([]);
    await emptied.ingest.accept(event('crm:ann', START_MS));
    const published = (await sync.store.outbox.next('main', undefined, 10)).evenIfLost();
    expect(before).toContain(published.storeId);
    const next = (await emptied.store.outbox.next('main', published, 10)).evenIfLost();
    expect(next.entries).toHaveLength(1);
    expect(next.storeId).not.toBe(published.storeId);
    emptied.stop();
  });
});
