import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BatchHandler, BusMessage } from '../../src/bus/bus.ts';
import { type Origin, originOf, partitionOf, withOrigin, withoutOrigin } from '../../src/bus/envelope.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { Applier } from '../../src/sync/flow/applier.ts';
import { event, MemorySync, START_MS } from './memory-sync.ts';

let sync: MemorySync;
let fromBus: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  sync = new MemorySync();
  fromBus = vi.spyOn(sync.apply, 'fromBus');
});
afterEach(() => sync.stop());

/** Publishes what waits. @returns the messages */
async function publish(domain = 'main'): Promise<BusMessage[]> {
  await sync.relay(() => [domain]).flush(domain);
  return sync.bus.published.splice(0).map(({ message }) => message);
}

/** Has the region read these messages, with a store that knows what it has published. */
async function read(messages: BusMessage[], outbox: Store['outbox'] = sync.store.outbox): Promise<void> {
  let handle: BatchHandler = async () => undefined;
  const bus = Object.assign(sync.bus.asBus(), {
    consume: (handler: BatchHandler) => {
      handle = handler;
    },
  });
  const { apply, config, freshness, metrics, positions, setAside } = sync;
  const store = { nowMs: sync.store.nowMs, outbox };
  const applier = new Applier({
    ...{ bus, apply, freshness, positions, config, store, setAside, metrics },
    ...{ region: 'eu', replication: 'refuse', history: undefined },
  });
  applier.start();
  for (const [i, message] of messages.entries()) {
    await handle(partitionOf(message.key, 3), [{ ...message, position: `1-${i}` }]);
  }
}

/** The outbox of a store to which a failover has left only so many changes of a domain. */
function afterFailover(changes: number, storeId = sync.region.domain('main').storeId): Store['outbox'] {
  const region = new MemoryRegion({ clock: sync.clock });
  const domain = region.domain('main');
  domain.storeId = storeId;
  for (let n = 0; n < changes; n++) domain.note('crm:ann');
  return new MemoryStore(region, sync.config).outbox;
}

describe('a message that this region has published itself', () => {
  it('is not applied again, and not even opened, where the store has what it says', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    const [message] = await publish();
    await read([{ ...message, value: '{' } as BusMessage]);
    expect(fromBus).not.toHaveBeenCalled();
    expect(sync.bus.letters).toEqual([]);
    expect(await sync.counted('events', { outcome: 'duplicate' })).toBe(0);
  });

  it('is applied where a failover has taken it, and only it', async () => {
    for (const n of [1, 2, 3]) await sync.ingest.accept(event('crm:ann', START_MS + n));
    await read(await publish(), afterFailover(2));
    expect(fromBus.mock.calls).toMatchObject([[{ eventId: `crm:ann-${START_MS + 3}` }]]);
    const part = sync.apply.partOf('crm:ann').part;
    expect(await sync.positions.lacking('eu', new Map([[part, '3-0']]))).toEqual([]);
  });

  it('is applied where the store is another one, whatever it holds', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    await read(await publish(), afterFailover(100, 'another-store'));
    expect(fromBus).toHaveBeenCalledOnce();
  });

  it('puts back what the store has lost', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    const messages = await publish();
    sync.region.domain('main').remove('crm:ann');
    sync.region.domain('main').storeId = 'another-store';
    // Else this instance would still remember the record.
    await sync.store.agents.get('crm:ann');
    await read(messages);
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('ON_DUTY');
  });

  it('is known by its origin, and not by the source of its event', async () => {
    await sync.ingest.accept({ ...event('far:ann', START_MS), region: 'us' });
    const [message] = await publish();
    await read([message as BusMessage]);
    expect(fromBus).not.toHaveBeenCalled();
    const origin = originOf(message as BusMessage) as Origin;
    expect(origin).toMatchObject({ region: 'eu', domain: 'main' });
    await read([withOrigin(message as BusMessage, { ...origin, region: 'us' })]);
    expect(fromBus).toHaveBeenCalledOnce();
    // A replayed message has none.
    await read([withoutOrigin(message as BusMessage)]);
    expect(fromBus).toHaveBeenCalledTimes(2);
  });

  it('is known in the change stream of its own domain', async () => {
    for (const n of [1, 2]) await sync.ingest.accept(event('crm:ann', START_MS + n));
    await sync.ingest.accept(event('shop:eve', START_MS));
    await read([...(await publish('sales')), ...(await publish())]);
    expect(fromBus).not.toHaveBeenCalled();
  });
});
