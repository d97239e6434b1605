import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BusUnavailable } from '../../src/bus/bus.ts';
import { originOf, partitionOf } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import type { Relay } from '../../src/sync/flow/relay.ts';
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

/** One instance that relays some domains; events are accepted through the store of the first. */
async function start(held: () => string[], store = sync.open(), bus = sync.bus): Promise<Relay> {
  const relay = sync.relay(held, { store, bus });
  relays.push(relay);
  await relay.start();
  // It knows its domains when it has looked at them.
  await pass(LOOK_MS);
  return relay;
}

/** An agent of each domain. */
const AGENTS = { main: 'crm:ann', sales: 'shop:eve' };
type Domain = keyof typeof AGENTS;
const both = () => ['main', 'sales'];
const accept = (domain: Domain, n = 0) => sync.ingest.accept(event(AGENTS[domain], START_MS + n));
const published = (bus = sync.bus) => bus.published.map(({ partition, message }) => [partition, message.headers.ce_id]);
const told = (domain: Domain, n = 0) => [partitionOf(AGENTS[domain], 3), `${AGENTS[domain]}-${START_MS + n}`];

describe('what this instance accepts', () => {
  it('is published at once where the domain is its own, and passed with the next look', async () => {
    const heard = vi.fn();
    await sync.open().outbox.hear(heard);
    await start(both, sync.store);
    await accept('main');
    await pass(0);
    expect(published()).toEqual([told('main')]);
    // Nobody else need know.
    expect(heard).not.toHaveBeenCalled();
    await pass(LOOK_MS);
    expect(await sync.waiting()).toEqual([]);
    expect(published()).toHaveLength(1);
    expect(await sync.counted('relayed')).toBe(1);
  });

  it('is published at once by the instance whose domain it is', async () => {
    const [ours, theirs] = [new KeepingBus(), new KeepingBus()];
    await start(() => ['main'], sync.store, ours);
    await start(() => ['sales'], sync.open(), theirs);
    for (const domain of ['main', 'sales'] as const) await accept(domain);
    await pass(SIGNALLED_MS);
    expect(published(ours)).toEqual([told('main')]);
    expect(published(theirs)).toEqual([told('sales')]);
  });

  it('is published by the instance that took the lease over since this one looked, and by no other', async () => {
    let [ours, theirs] = [['main'], [] as string[]];
    await start(() => ours, sync.store);
    const other = new KeepingBus();
    await start(() => theirs, sync.open(), other);
    [ours, theirs] = [[], ['main']];
    await accept('main');
    await pass(LOOK_MS);
    expect(published(other)).toEqual([told('main')]);
    expect(published()).toEqual([]);
  });

  it('waits where nobody relays its domain, and is published by whoever does next', async () => {
    let held: string[] = [];
    await start(() => held, sync.store);
    await accept('main');
    await pass(5000);
    expect(published()).toEqual([]);
    held = ['main'];
    await pass(1000);
    expect(published()).toEqual([told('main')]);
  });

  it('is published a moment after its signal where the lease has just come', async () => {
    let held: string[] = [];
    await start(() => [], sync.store);
    await start(() => held);
    held = ['main'];
    await accept('main');
    await pass(SIGNALLED_MS);
    expect(published()).toEqual([told('main')]);
  });

  it('is found a little later where the signal was lost', async () => {
    await start(() => [], sync.store);
    await start(both);
    vi.spyOn(sync.store.outbox, 'announce').mockReturnValue(undefined);
    await accept('main');
    await pass(0);
    expect(published()).toEqual([]);
    await pass(1000);
    expect(published()).toEqual([told('main')]);
  });

  it('while the bus still takes what came before is published right after that', async () => {
    const taken = Promise.withResolvers<void>();
    const publish = vi.spyOn(sync.bus, 'publish').mockImplementationOnce(async (...args) => {
      await taken.promise;
      await sync.bus.publish(...args);
    });
    await start(() => ['main'], sync.store);
    await accept('main');
    await pass(0);
    await accept('main', 1);
    await accept('main', 2);
    await pass(0);
    expect(publish).toHaveBeenCalledOnce();
    taken.resolve();
    await pass(0);
    expect(published()).toEqual([told('main'), told('main', 1), told('main', 2)]);
  });
});

describe('what is published', () => {
  it('says of each message where it lies in the change stream of which domain', async () => {
    const places = [];
    for (const n of [0, 1]) places.push((await accept('main', n)).place);
    const { place } = await accept('sales');
    await start(both, sync.store);
    const originsOf = (domain: string) =>
      sync.bus.published.map(({ message }) => originOf(message)).filter((origin) => origin?.domain === domain);
    const { storeId } = sync.region.domain('main');
    expect(originsOf('main')).toEqual(
      places.map(({ position }) => ({ region: 'eu', domain: 'main', storeId, position })),
    );
    expect(originsOf('sales')).toMatchObject([{ position: place.position }]);
    expect(originsOf('sales')[0]?.storeId).not.toBe(storeId);
  });

  it('is all that waits, in its order, though it is more than one batch, and is passed', async () => {
    for (let n = 0; n < 1001; n++) await accept('main', n);
    const next = vi.spyOn(sync.store.outbox, 'next');
    await start(() => ['main'], sync.store);
    expect(published()).toEqual(Array.from({ length: 1001 }, (_, n) => told('main', n)));
    await pass(LOOK_MS);
    expect(await sync.waiting()).toEqual([]);
    const read = await Promise.all(next.mock.results.map(async ({ value }) => (await value).evenIfLost().count));
    expect(read.slice(0, 3)).toEqual([500, 500, 1]);
  });

  it('is read behind changes that are not its own to publish, however many', async () => {
    for (let n = 0; n < 600; n++) await sync.apply.fromBus(event('far:ann', START_MS + n));
    await accept('main');
    await start(() => ['main'], sync.store);
    expect(published()).toEqual([told('main')]);
    await pass(LOOK_MS);
    expect(sync.region.domain('main').waiting(0).count).toBe(0);
  });

  it('waits while the bus is away, which is logged once, and so is that it is back', async () => {
    let isAway = true;
    const publish = sync.bus.publish.bind(sync.bus);
    vi.spyOn(sync.bus, 'publish').mockImplementation(async (...args) => {
      if (isAway) throw new BusUnavailable('away');
      await publish(...args);
    });
    await start(both, sync.store);
    for (const domain of ['main', 'sales'] as const) await accept(domain);
    await pass(10_000);
    expect(await sync.waiting()).toHaveLength(2);
    expect(sync.logged('bus_write_failed')).toHaveLength(1);
    expect(sync.logged('outbox_read_failed')).toEqual([]);
    for (const domain of ['main', 'sales'])
      expect(await sync.counted('relayFailures', { domain, cause: 'bus' })).toBeGreaterThan(1);
    isAway = false;
    await pass(2000);
    expect(published().sort()).toEqual([told('main'), told('sales')]);
    expect(sync.logged('bus_write_resumed')).toHaveLength(1);
  });

  it('waits while the store of its domain is away, and no other domain waits for it', async () => {
    await start(both, sync.store);
    await Promise.all([accept('main'), accept('sales')]);
    sync.region.outages.set('main', 'away');
    sync.bus.published.length = 0;
    await accept('sales', 1);
    await pass(LOOK_MS);
    expect(published()).toContainEqual(told('sales', 1));
    expect(sync.logged('outbox_read_failed')).toMatchObject([{ domain: 'main' }]);
    expect(await sync.counted('relayFailures', { domain: 'main', cause: 'store' })).toBeGreaterThan(0);
    expect(await sync.counted('relayFailures', { cause: 'bus' })).toBe(0);
    expect(await sync.counted('relayed', { domain: 'sales' })).toBe(2);
    sync.region.outages.clear();
    await accept('main', 1);
    await pass(5000);
    expect(published()).toContainEqual(told('main', 1));
    expect(sync.logged('outbox_read_resumed')).toMatchObject([{ domain: 'main' }]);
    expect([sync.logged('bus_write_failed'), sync.logged('bus_write_resumed')]).toEqual([[], []]);
  });

  it('may come twice where it could not be passed, and is in its order all the same', async () => {
    const first = await start(() => ['main'], sync.store);
    await accept('main');
    await pass(0);
    vi.spyOn(sync.store.outbox, 'next').mockRejectedValueOnce(new Error('away'));
    await accept('main', 1);
    await pass(5000);
    // The same instance knows what it has published.
    expect(published()).toEqual([told('main'), told('main', 1)]);
    expect(await sync.waiting()).toEqual([]);
    await accept('main', 2);
    await pass(0);
    vi.spyOn(sync.store.outbox, 'next').mockRejectedValue(new Error('away'));
    await first.stop();
    await accept('main', 3);
    await start(() => ['main']);
    expect(published().slice(2)).toEqual([told('main', 2), told('main', 2), told('main', 3)]);
  });

  it('is not passed before the bus has confirmed it', async () => {
    const publish = vi.spyOn(sync.bus, 'publish').mockRejectedValueOnce(new BusUnavailable('no answer'));
    await start(() => ['main'], sync.store);
    for (const n of [0, 1]) await accept('main', n);
    await pass(0);
    expect(await sync.waiting()).toHaveLength(2);
    await pass(5000);
    // Whether the bus took the first one is unknown, so it comes again, before the second.
    expect(publish.mock.calls.flatMap(([, messages]) => messages.map(({ headers }) => headers.ce_id))).toEqual(
      [0, 0, 1].map((n) => told('main', n)[1]),
    );
    expect(await sync.waiting()).toEqual([]);
  });
});

describe('a relay that stops', () => {
  it('publishes what waits for it, and what it has inherited, and passes it', async () => {
    const relay = await start(() => ['main'], sync.store);
    vi.spyOn(sync.store.outbox, 'announce').mockReturnValue(undefined);
    await accept('sales');
    await pass(0);
    expect(published()).toEqual([]);
    relay.inherit();
    await accept('main');
    await relay.stop();
    expect(published().sort()).toEqual([told('main'), told('sales')].sort());
    expect(await sync.waiting()).toEqual([]);
    await accept('main', 1);
    await pass(5000);
    expect(published()).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves to the others what is theirs', async () => {
    const relay = await start(() => ['main'], sync.store);
    await accept('sales');
    await relay.stop();
    expect(published()).toEqual([]);
    expect(await sync.waiting()).toHaveLength(1);
  });

  it('passes what it has published, so that the next relay does not publish it again', async () => {
    const relay = await start(() => ['main'], sync.store);
    await accept('main');
    await pass(0);
    expect(sync.region.domain('main').waiting(0).count).toBe(1);
    await relay.stop();
    expect(sync.region.domain('main').waiting(0).count).toBe(0);
    await start(() => ['main']);
    expect(published()).toEqual([told('main')]);
  });

  it('ends though what it has published cannot be passed, and that comes again', async () => {
    const relay = await start(() => ['main'], sync.store);
    await accept('main');
    await pass(0);
    sync.region.outages.set('main', 'away');
    await relay.stop();
    sync.region.outages.clear();
    await start(() => ['main']);
    expect(published()).toEqual([told('main'), told('main')]);
  });

  it('does not wait long for a bus that does not answer', async () => {
    vi.spyOn(sync.bus, 'publish').mockReturnValue(new Promise(() => undefined));
    const relay = await start(() => ['main'], sync.store);
    await accept('main');
    const stopped = vi.fn();
    void relay.stop().then(stopped);
    await pass(10_000);
    expect(stopped).toHaveBeenCalledOnce();
    expect(await sync.waiting()).toHaveLength(1);
  });

  it('does not start where the store cannot be heard', async () => {
    const store = sync.open();
    vi.spyOn(store.outbox, 'hear').mockRejectedValue(new Error(`${SHARED} is away`));
    await expect(start(() => ['main'], store)).rejects.toThrow('away');
    expect(vi.getTimerCount()).toBe(0);
  });
});
