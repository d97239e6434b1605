import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusUnavailable } from '../../src/bus/bus.ts';
import { partitionOf, positionIn } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { Relay } from '../../src/sync/flow/relay.ts';
import { event, holdTime, KeepingBus, MemorySync, pass, START_MS } from './memory-sync.ts';

/** How often a relay looks by itself. */
const LOOK_MS = 1000;
/** Less than that: what is published by then was signalled. */
const SIGNALLED_MS = 100;
let sync: MemorySync;
let relays: Relay[];
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  relays = [];
});
afterEach(async () => {
  // Where the bus does not answer, until it gives up.
  await Promise.all([...relays.map((each) => each.stop()), pass(10_000)]);
  sync.stop();
});

/** One instance that relays some partitions; events are accepted through the store of the first. */
async function start(held: () => number[], store = sync.open(), bus = sync.bus): Promise<Relay> {
  const relay = new Relay({
    ...{ outbox: store.outbox, bus: bus.asBus(), region: 'eu', setAside: sync.setAside },
    leases: { ...sync.leases('relay', 3), held: () => new Set(held()) },
    ...{ log: sync.log, metrics: sync.metrics },
  });
  relays.push(relay);
  await relay.start();
  // It knows its partitions when it has looked at them.
  await pass(LOOK_MS);
  return relay;
}

/** An agent of each partition. */
const AGENTS = [0, 1, 2].map((partition) => {
  const ids = Array.from({ length: 50 }, (_, n) => `crm:${n}`);
  return ids.find((id) => partitionOf(id, 3) === partition) ?? '';
});
const accept = (partition: number, n = 0) => sync.ingest.accept(event(AGENTS[partition] ?? '', START_MS + n));
const published = (bus = sync.bus) => bus.published.map(({ partition, message }) => [partition, message.headers.ce_id]);
const told = (partition: number, n = 0) => [partition, `${AGENTS[partition]}-${START_MS + n}`];

describe('what this instance accepts', () => {
  it('is published at once where the partition is its own, and leaves the outbox', async () => {
    const announce = vi.spyOn(sync.store.outbox, 'announce');
    await start(() => [0, 1, 2], sync.store);
    await accept(1);
    await pass(0);
    expect(published()).toEqual([told(1)]);
    // Nobody else need know.
    expect(announce).not.toHaveBeenCalled();
    expect(await sync.waiting()).toEqual([]);
    expect(await sync.counted('relayed')).toBe(1);
  });

  it('is published at once by the instance whose partition it is', async () => {
    const [ours, theirs] = [new KeepingBus(), new KeepingBus()];
    await start(() => [0], sync.store, ours);
    await start(() => [1, 2], sync.open(), theirs);
    for (const partition of [0, 1, 2]) await accept(partition);
    await pass(SIGNALLED_MS);
    expect(published(ours)).toEqual([told(0)]);
    expect(published(theirs).sort()).toEqual([told(1), told(2)]);
  });

  it('is published by the instance that took the lease over since this one looked, and by no other', async () => {
    let [ours, theirs] = [[1], [] as number[]];
    await start(() => ours, sync.store);
    const other = new KeepingBus();
    await start(() => theirs, sync.open(), other);
    [ours, theirs] = [[], [1]];
    await accept(1);
    await pass(LOOK_MS);
    expect(published(other)).toEqual([told(1)]);
    expect(published()).toEqual([]);
  });

  it('waits where nobody relays its partition, and is published by whoever does next', async () => {
    let held: number[] = [];
    await start(() => held, sync.store);
    await accept(1);
    await pass(5000);
    expect(published()).toEqual([]);
    held = [1];
    await pass(1000);
    expect(published()).toEqual([told(1)]);
  });

  it('is published a moment after its signal where the lease has just come', async () => {
    let held: number[] = [];
    await start(() => [], sync.store);
    await start(() => held);
    held = [1];
    await accept(1);
    await pass(SIGNALLED_MS);
    expect(published()).toEqual([told(1)]);
  });

  it('is found a little later where the signal was lost', async () => {
    await start(() => [], sync.store);
    await start(() => [0, 1, 2]);
    vi.spyOn(sync.store.outbox, 'announce').mockRejectedValue(new Error('away'));
    await accept(1);
    await pass(0);
    expect(published()).toEqual([]);
    expect(sync.logged('relay_signal_failed')).toHaveLength(1);
    await pass(1000);
    expect(published()).toEqual([told(1)]);
  });

  it('while the bus still takes what came before is published right after that', async () => {
    const taken = Promise.withResolvers<void>();
    const publish = vi.spyOn(sync.bus, 'publish').mockImplementationOnce(async (...args) => {
      await taken.promise;
      await sync.bus.publish(...args);
    });
    await start(() => [1], sync.store);
    await accept(1);
    await pass(0);
    await accept(1, 1);
    await accept(1, 2);
    await pass(0);
    expect(publish).toHaveBeenCalledOnce();
    taken.resolve();
    await pass(0);
    expect(published()).toEqual([told(1), told(1, 1), told(1, 2)]);
  });
});

describe('what is published', () => {
  it('says with its last message up to where the outbox lies behind it', async () => {
    const places = [];
    for (const n of [0, 1, 2]) places.push((await accept(1, n)).place.entry);
    await start(() => [1], sync.store);
    await pass(1000);
    expect(sync.bus.published.map(({ message }) => positionIn(message))).toEqual([
      undefined,
      undefined,
      { region: 'eu', entry: places[2] },
    ]);
  });

  it('is all that waits, in its order, though it is more than one batch', async () => {
    for (let n = 0; n < 501; n++) await accept(2, n);
    await start(() => [2], sync.store);
    await pass(1000);
    expect(published()).toEqual(Array.from({ length: 501 }, (_, n) => told(2, n)));
    expect(await sync.waiting()).toEqual([]);
  });

  it('waits while the bus is away, which is logged once, and so is that it is back', async () => {
    let isAway = true;
    const publish = sync.bus.publish.bind(sync.bus);
    vi.spyOn(sync.bus, 'publish').mockImplementation(async (...args) => {
      if (isAway) throw new BusUnavailable('away');
      await publish(...args);
    });
    await start(() => [0, 1], sync.store);
    for (const partition of [0, 1]) await accept(partition);
    await pass(10_000);
    expect(await sync.waiting()).toHaveLength(2);
    expect(sync.logged('bus_write_failed')).toHaveLength(1);
    isAway = false;
    await pass(2000);
    expect(published().sort()).toEqual([told(0), told(1)]);
    expect(sync.logged('bus_write_resumed')).toHaveLength(1);
  });

  it('may come twice where the outbox could not be told, and is in its order all the same', async () => {
    await start(() => [1], sync.store);
    vi.spyOn(sync.store.outbox, 'remove').mockRejectedValueOnce(new Error('away'));
    await accept(1);
    await pass(0);
    await accept(1, 1);
    await pass(3000);
    expect(published()).toEqual([told(1), told(1), told(1, 1)]);
    expect(await sync.waiting()).toEqual([]);
  });
});

describe('a relay that stops', () => {
  it('publishes what waits for it, and what nobody else will', async () => {
    const relay = await start(() => [0], sync.store);
    vi.spyOn(sync.store.outbox, 'announce').mockResolvedValue(undefined);
    for (const partition of [1, 2]) await accept(partition);
    await pass(0);
    expect(published()).toEqual([]);
    await relay.stop([1]);
    expect(published()).toEqual([told(1)]);
    await accept(0);
    await pass(5000);
    expect(published()).toEqual([told(1)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not wait long for a bus that does not answer', async () => {
    vi.spyOn(sync.bus, 'publish').mockReturnValue(new Promise(() => undefined));
    const relay = await start(() => [0], sync.store);
    await accept(0);
    const stopped = vi.fn();
    void relay.stop().then(stopped);
    await pass(10_000);
    expect(stopped).toHaveBeenCalledOnce();
    expect(await sync.waiting()).toHaveLength(1);
  });

  it('does not start where the store cannot be heard', async () => {
    const store = sync.open();
    vi.spyOn(store.outbox, 'hear').mockRejectedValue(new Error(`${SHARED} is away`));
    await expect(start(() => [0], store)).rejects.toThrow('away');
    expect(vi.getTimerCount()).toBe(0);
  });
});
