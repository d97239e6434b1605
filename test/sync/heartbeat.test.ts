import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { BusUnavailable } from '../../src/bus/bus.ts';
import { HEARTBEAT, type Heartbeat, openMessage, originOf, partitionOf } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { leaseOf, type Relay } from '../../src/sync/flow/relay.ts';
import { Heartbeats } from '../../src/sync/freshness/heartbeat.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';
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

/** The heartbeats of one instance, which relays what `relay` says. */
function beating(relay: Relay, instance = 'eu-1', takeBeat = sync.store.takeBeat.bind(sync.store)): Heartbeats {
  const heartbeats = new Heartbeats({
    host: STEADY_HOST,
    ...{ store: { takeBeat }, relay, bus: sync.bus, partitions: 3, versions: { exchange: () => OLDEST_EXCHANGE } },
    ...{ region: 'eu', instance, heartbeatMs: EVERY_MS, clock: sync.clock, log: sync.log },
  });
  running.push(heartbeats);
  return heartbeats;
}

/** The heartbeats of one instance, which relays some domains. */
const create = (relays: () => string[], instance?: string) => beating(sync.relay(relays), instance);
const both = () => ['main', 'sales'];

/** What lies in a partition of the bus: a heartbeat, or the id of another message. */
function partition(number: number): (Heartbeat | string)[] {
  const messages = sync.bus.published.filter((each) => each.partition === number).map(({ message }) => message);
  return messages.map((message) => {
    const envelope = openMessage(message, START_MS);
    return envelope.type === HEARTBEAT ? envelope.heartbeat : (message.headers.ce_id ?? '');
  });
}
const all = () => [0, 1, 2].map(partition);
/** How many heartbeats lie in each partition. */
const counts = (domain?: string) =>
  all().map((each) => each.filter((one) => typeof one !== 'string' && (!domain || one.domain === domain)).length);
const written = () => all().flat() as Heartbeat[];

describe('an instance', () => {
  beforeEach(holdTime);

  it('beats at once, and regularly, on all partitions, for the domains that it relays and no others', async () => {
    create(() => ['sales']).start();
    await pass(0);
    expect(counts('sales')).toEqual([1, 1, 1]);
    await pass(3 * EVERY_MS);
    expect(counts('sales')).toEqual([4, 4, 4]);
    expect(counts('main')).toEqual([0, 0, 0]);
  });

  it('that relays nothing is silent, and beats long before the next heartbeat is due once it does', async () => {
    const relays: string[] = [];
    create(() => relays).start();
    await pass(5 * EVERY_MS);
    expect(counts()).toEqual([0, 0, 0]);
    relays.push('main');
    await pass(EVERY_MS / 5);
    expect(counts('main')).toEqual([1, 1, 1]);
    relays.length = 0;
    await pass(5 * EVERY_MS);
    expect(counts()).toEqual([1, 1, 1]);
  });

  it('is silent once it has stopped', async () => {
    const heartbeats = create(both);
    heartbeats.start();
    await pass(EVERY_MS);
    heartbeats.stop();
    const before = counts();
    await pass(5 * EVERY_MS);
    expect(counts()).toEqual(before);
  });

  it('follows the leases of the region: each domain has the heartbeats of the one instance that holds it', async () => {
    const instances = ['eu-1', 'eu-2'].map((name) => ({ name, leases: sync.leases('relay', 3, name) }));
    for (const { name, leases } of instances) {
      leases.start();
      beating(sync.relayBy(leases), name).start();
    }
    // The first takes all, and hands back what is the second's.
    await until(() => instances.every(({ leases }) => leases.held().size > 0));
    sync.bus.published.length = 0;
    await pass(EVERY_MS);
    const holderOf = (domain: string) => {
      const lease = leaseOf(domain, sync.config);
      return instances.filter(({ leases }) => leases.held().has(lease)).map(({ name }) => name);
    };
    for (const domain of both()) {
      expect(counts(domain)).toEqual([1, 1, 1]);
      const writers = written().filter((each) => each.domain === domain);
      expect([...new Set(writers.map(({ writer }) => writer))]).toEqual(holderOf(domain));
    }
    for (const { leases } of instances) await leases.stop();
  });
});

describe('a heartbeat', () => {
  beforeEach(holdTime);

  it('lies behind everything that was accepted before it, and before what is accepted after it', async () => {
    create(() => ['main']).start();
    await pass(0);
    const { place } = await sync.ingest.accept(event('crm:ann', START_MS));
    await pass(EVERY_MS);
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    await pass(0);
    const [first, told, second, later] = partition(partitionOf('crm:ann', 3));
    expect([told, later]).toEqual([`crm:ann-${START_MS}`, `crm:ann-${START_MS + 1}`]);
    expect((second as Heartbeat).beat).toBeGreaterThan((first as Heartbeat).beat);
    const origins = sync.bus.published.filter(({ message }) => message.headers.ce_type === HEARTBEAT);
    const { storeId } = sync.region.domain('main');
    expect(origins.slice(-3).map(({ message }) => originOf(message))).toEqual(
      [0, 1, 2].map(() => ({ region: 'eu', domain: 'main', storeId, position: place.position })),
    );
  });

  it('waits for what the bus still takes of its domain, and not for another domain', async () => {
    const taken = Promise.withResolvers<void>();
    const publish = sync.bus.publish.bind(sync.bus);
    vi.spyOn(sync.bus, 'publish').mockImplementationOnce(async (...args) => {
      await taken.promise;
      await publish(...args);
    });
    const heartbeats = create(both);
    await sync.ingest.accept(event('crm:ann', START_MS));
    heartbeats.start();
    await pass(0);
    // It comes after the first read.
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    await pass(3 * EVERY_MS);
    expect([counts('main'), counts('sales')]).toEqual([
      [0, 0, 0],
      [4, 4, 4],
    ]);
    taken.resolve();
    await pass(0);
    const ofMain = partition(partitionOf('crm:ann', 3)).filter(
      (one) => typeof one === 'string' || one.domain === 'main',
    );
    expect(ofMain).toMatchObject([`crm:ann-${START_MS}`, { steadyMs: START_MS }, `crm:ann-${START_MS + 1}`]);
    // None was taken for it meanwhile.
    expect(counts('main')).toEqual([1, 1, 1]);
    await pass(EVERY_MS);
    expect(counts('main')).toEqual([2, 2, 2]);
  });

  it('has one beat in all partitions and domains, its writer, and both of its clocks', async () => {
    create(both, 'eu-7').start();
    await pass(2 * EVERY_MS);
    const clockMs = [0, 1, 2].map((n) => START_MS + n * EVERY_MS);
    for (const domain of both()) {
      for (const each of all()) {
        const expected = clockMs.map((ms) => ({ writer: 'eu-7', steadyMs: ms, timestampMs: ms }));
        const ofDomain = each.filter((one) => typeof one !== 'string' && one.domain === domain);
        expect(ofDomain).toMatchObject(expected.map((one) => ({ ...one, region: 'eu', leaving: false })));
      }
    }
    const beats = new Set(written().map(({ beat }) => beat));
    expect(beats.size).toBe(3);
  });

  it('carries a clock that was read after its beat was taken, and before what was accepted is read', async () => {
    const takeBeat = async (highest: number) => {
      const beat = await sync.store.takeBeat(highest);
      sync.clock.ms += 7;
      return beat;
    };
    const next = sync.store.outbox.next.bind(sync.store.outbox);
    vi.spyOn(sync.store.outbox, 'next').mockImplementation(async (...args) => {
      sync.clock.ms += 11;
      return next(...args);
    });
    beating(
      sync.relay(() => ['main']),
      'eu-1',
      takeBeat,
    ).start();
    await pass(0);
    expect(partition(0)).toMatchObject([{ steadyMs: START_MS + 7 }]);
  });

  it('is left out while the store is away, and comes again when it is back', async () => {
    sync.region.outages.set(SHARED, 'away');
    create(both).start();
    await pass(3 * EVERY_MS);
    sync.region.outages.clear();
    expect(counts()).toEqual([0, 0, 0]);
    expect(sync.logged('heartbeat_not_written').length).toBeGreaterThan(0);
    await pass(EVERY_MS);
    expect(counts()).toEqual([2, 2, 2]);
  });

  it('is left out of a domain that is away, and comes again when it is back', async () => {
    sync.region.outages.set('main', 'away');
    create(both).start();
    await pass(3 * EVERY_MS);
    expect([counts('main'), counts('sales')]).toEqual([
      [0, 0, 0],
      [4, 4, 4],
    ]);
    sync.region.outages.clear();
    await until(() => counts('main')[0] === 1);
  });

  it('that one partition does not take is written to the others', async () => {
    const publish = sync.bus.publish.bind(sync.bus);
    vi.spyOn(sync.bus, 'publish').mockImplementation(async (number, messages) => {
      if (number === 1) throw new BusUnavailable('away');
      await publish(number, messages);
    });
    create(() => ['main']).start();
    await pass(0);
    expect(counts()).toEqual([1, 0, 1]);
    expect(sync.logged('heartbeat_not_written')).toHaveLength(1);
  });

  it('waits for a replica, as what lies before it does', async () => {
    sync.region.acknowledges = false;
    create(() => ['main']).start();
    await pass(3 * EVERY_MS);
    expect(counts()).toEqual([0, 0, 0]);
    sync.region.acknowledges = true;
    await until(() => counts()[0] === 1);
  });

  it('counts though no replica has it, where that is enough for a grant', async () => {
    sync.stop();
    sync = new MemorySync({ replication: 'grant' });
    sync.region.acknowledges = false;
    create(() => ['main']).start();
    await pass(0);
    expect(counts()).toEqual([1, 1, 1]);
    expect(sync.logged('heartbeat_not_written')).toEqual([]);
  });
});

describe('a good-bye', () => {
  it('is the last word of every domain on every partition, where the instance has inherited them', async () => {
    const relay = sync.relay(() => ['sales']);
    const heartbeats = beating(relay);
    for (let n = 0; n < 10; n++) await sync.ingest.accept(event(`crm:${n}`, START_MS));
    for (let n = 0; n < 10; n++) await sync.ingest.accept(event(`shop:${n}`, START_MS));
    relay.inherit();
    await heartbeats.sayGoodbye();
    for (const each of all()) {
      expect(each.length).toBeGreaterThan(2);
      const ofDomain = (domain: string, prefix: string) =>
        each.filter((one) => (typeof one === 'string' ? one.startsWith(prefix) : one.domain === domain));
      for (const told of [ofDomain('main', 'crm:'), ofDomain('sales', 'shop:')]) {
        expect(told.length).toBeGreaterThan(1);
        expect(told.at(-1)).toMatchObject({ region: 'eu', leaving: true });
      }
    }
    await relay.stop();
    expect(await sync.waiting()).toEqual([]);
  });

  it('is left out where it cannot be said', async () => {
    sync.region.outages.set(SHARED, 'away');
    await expect(create(() => ['main']).sayGoodbye()).resolves.toBeUndefined();
    sync.region.outages.clear();
    expect(counts()).toEqual([0, 0, 0]);
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
