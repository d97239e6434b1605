import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { type ConnectionNotes, readNotes, writeNotes } from '../../src/sync/mirroring/connection-notes.ts';
import { type FakeConnection, instanceOf, type TestInstance } from './fake-connection.ts';
import { holdTime, MemorySync, pass, until } from './memory-sync.ts';

const NAMES = ['cx', 'cy', 'cz'];
/** In this time an instance has heard of whatever changed. */
const HEARD_MS = 3000;
let sync: MemorySync;
let instances: TestInstance[];
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  instances = [];
});
afterEach(async () => {
  for (const { connections } of instances) await connections.stop();
  sync.stop();
});

async function start(instance: string, names = NAMES): Promise<TestInstance> {
  const one = instanceOf(sync, instance, names);
  instances.push(one);
  one.connections.start();
  await pass(HEARD_MS);
  return one;
}

/** Every connection that runs now, as `name instance`. */
const running = (): string[] =>
  instances
    .flatMap(({ opened }) => opened.filter(({ isRunning }) => isRunning))
    .map(({ context, instance }) => `${context.connection} ${instance}`)
    .sort();
const namesOf = (lines: string[]): string[] => lines.map((line) => line.slice(0, 2));

describe('the connections of a region', () => {
  it('run on one instance each, and are shared when another one comes', async () => {
    await start('eu-1');
    expect(running()).toEqual(['cx eu-1', 'cy eu-1', 'cz eu-1']);
    await start('eu-2');
    await until(() => running().some((line) => line.endsWith('eu-2')));
    expect(namesOf(running())).toEqual(NAMES);
    expect(running().filter((line) => line.endsWith('eu-1'))).toHaveLength(2);
  });

  it('start elsewhere only when they have stopped here', async () => {
    const one = await start('eu-1', ['cx', 'cy']);
    const stopped = Promise.withResolvers<void>();
    for (const each of one.opened) each.beforeStop = () => stopped.promise;
    const other = await start('eu-2', ['cx', 'cy']);
    await pass(60_000);
    expect(running()).toEqual(['cx eu-1', 'cy eu-1']);
    expect(other.opened).toEqual([]);
    stopped.resolve();
    await until(() => other.opened.length > 0);
    expect(namesOf(running())).toEqual(['cx', 'cy']);
  });

  it('are taken over at once when their instance stops, which does not end before they have stopped', async () => {
    const one = await start('eu-1', ['cx']);
    const other = await start('eu-2', ['cx']);
    const stopped = Promise.withResolvers<void>();
    one.open('cx').beforeStop = () => stopped.promise;
    const ended = vi.fn();
    void one.connections.stop().then(ended);
    await pass(1000);
    expect(ended).not.toHaveBeenCalled();
    expect(other.opened).toEqual([]);
    stopped.resolve();
    await pass(HEARD_MS);
    expect(ended).toHaveBeenCalledOnce();
    expect(running()).toEqual(['cx eu-2']);
    expect(one.connections.health()).toEqual({});
  });

  it('stop when their lease can no more be renewed, and begin from the start when it can', async () => {
    const one = await start('eu-1', ['cx']);
    sync.region.outages.set(SHARED, 'away');
    await pass(5000);
    expect(running()).toEqual([]);
    sync.region.outages.clear();
    await pass(HEARD_MS);
    expect(running()).toEqual(['cx eu-1']);
    expect(one.opened).toHaveLength(2);
    await one.connections.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that are none cost nothing', async () => {
    const { connections } = await start('eu-1', []);
    expect(vi.getTimerCount()).toBe(0);
    expect([await connections.states(), await connections.readingStates(), connections.health()]).toEqual([[], [], {}]);
    const read = vi.spyOn(sync.region, 'run');
    await connections.stop();
    expect(read).not.toHaveBeenCalled();
  });

  it('are told what they are, and what the region may do for them', async () => {
    const { context } = (await start('eu-1', ['cx'])).open('cx');
    expect(context).toMatchObject({ connection: 'cx', readingIntervalMs: 60_000 });
    context.count('unknown_value', 'state:NAPPING');
    expect(await sync.counted('platformAnomalies', { connection: 'cx', value: 'state:NAPPING' })).toBe(1);
    context.log.info('platform_live');
    expect(sync.logged('platform_live')).toMatchObject([{ connection: 'cx' }]);
  });
});

describe('what the instances know of a connection', () => {
  it('is who runs it, and how it is by that one’s word', async () => {
    const one = await start('eu-1', ['cx', 'cy']);
    const other = await start('eu-2', ['cx', 'cy']);
    await until(() => other.opened.length > 0);
    const mine = other.opened[0] as FakeConnection;
    const { connection: name } = mine.context;
    mine.now = { connected: false, agents: 12, problem: 'the login failed' };
    await pass(HEARD_MS);
    for (const { connections } of [one, other]) {
      const states = await connections.states();
      expect(states.map((state) => state.name)).toEqual(['cx', 'cy']);
      const about = states.find((state) => state.name === name);
      expect(about).toEqual({ name, instance: 'eu-2', ingest: { instance: 'eu-2', ...mine.now } });
    }
    expect(other.connections.health()).toEqual({ [name]: mine.now });
    expect(Object.keys(one.connections.health())).toEqual(['cx', 'cy'].filter((each) => each !== name));
  });

  it('is nothing that a former holder said', async () => {
    const one = await start('eu-1', ['cx']);
    const other = await start('eu-2', ['cx']);
    await pass(HEARD_MS);
    expect(await other.connections.states()).toMatchObject([{ ingest: { instance: 'eu-1' } }]);
    await one.connections.stop();
    expect(await other.connections.states()).toEqual([{ name: 'cx' }]);
    await until(() => other.opened.length > 0);
    expect(await other.connections.states()).toEqual([{ name: 'cx', instance: 'eu-2' }]);
  });

  it('is what the last reconciliation found, whoever made it', async () => {
    const { connections } = await start('eu-1', ['cx']);
    const reconciliation = { atMs: 1, tookMs: 2, checked: 3, differed: 0, byKind: {}, overruled: 0 };
    await writeNotes(sync.store.notes, 'cx', { reconciliation });
    expect(await connections.states()).toMatchObject([{ name: 'cx', reconciliation }]);
  });

  it('lets a start be judged: its holder’s reading, here at once, elsewhere when it was told', async () => {
    const one = await start('eu-1', ['cx']);
    const other = await start('eu-2', ['cx']);
    const reading = { step: 'agents', agents: 5, forMs: 10 };
    const isRead = async ({ connections }: TestInstance) => (await connections.readingStates())[0]?.isRead;
    one.open('cx').now = { connected: true, agents: 5, reading, problem: 'slow' };
    await pass(HEARD_MS);
    const [sight] = await other.connections.readingStates();
    expect(sight).toMatchObject({ connection: 'cx', holder: 'eu-1', isRead: false, problem: 'slow', reading });
    expect(sight?.leaseMs).toBeGreaterThan(0);
    one.open('cx').now = { connected: true, agents: 5, lastSnapshotMs: 1 };
    expect([await isRead(one), await isRead(other)]).toEqual([true, false]);
    await pass(HEARD_MS);
    expect([await isRead(one), await isRead(other)]).toEqual([true, true]);
    await one.connections.stop();
    expect(await other.connections.readingStates()).toEqual([{ connection: 'cx', leaseMs: 0, isRead: false }]);
  });

  it('is logged while a first reading is under way', async () => {
    const one = await start('eu-1', ['cx']);
    one.open('cx').now = { connected: true, agents: 5, reading: { step: 'agents', agents: 5, forMs: 10 } };
    await pass(5000);
    expect(sync.logged('first_reading_progress')).toMatchObject([{ connection: 'cx', step: 'agents' }]);
    one.open('cx').now = { connected: true, agents: 5, lastSnapshotMs: 1 };
    await pass(10_000);
    expect(sync.logged('first_reading_progress')).toHaveLength(1);
  });

  it('cannot be told while the store is away, which stops nobody', async () => {
    const { connections, open } = await start('eu-1', ['cx']);
    sync.region.outages.set(SHARED, 'away');
    await pass(2000);
    expect(sync.logged('connection_health_not_written')).toMatchObject([{ connection: 'cx' }]);
    for (const ask of [() => connections.states(), () => connections.readingStates(), () => connections.readNow('cx')])
      await expect(ask()).rejects.toThrow('away');
    sync.region.outages.clear();
    open('cx').now = { connected: true, agents: 77 };
    await pass(HEARD_MS);
    expect(await connections.states()).toMatchObject([{ ingest: { agents: 77 } }]);
  });
});

describe('a wish that a platform be read now', () => {
  it('is heard by the instance that runs the connection, each once', async () => {
    const one = await start('eu-1', ['cx']);
    const other = await start('eu-2', ['cx']);
    await other.connections.readNow('cx');
    await pass(3 * HEARD_MS);
    expect(one.open('cx').readings).toBe(1);
    await one.connections.readNow('cx');
    await pass(3 * HEARD_MS);
    expect(one.open('cx').readings).toBe(2);
  });

  it('is of one connection', async () => {
    const one = await start('eu-1');
    await one.connections.readNow('cy');
    await pass(HEARD_MS);
    expect(NAMES.map((name) => one.open(name).readings)).toEqual([0, 1, 0]);
  });

  it('is granted already to whoever takes the connection over: it begins by reading', async () => {
    const one = await start('eu-1', ['cx']);
    await one.connections.readNow('cx');
    await one.connections.stop();
    const other = await start('eu-2', ['cx']);
    await pass(3 * HEARD_MS);
    expect(other.open('cx').readings).toBe(0);
    await other.connections.readNow('cx');
    await pass(HEARD_MS);
    expect(other.open('cx').readings).toBe(1);
  });

  it('is granted to whoever gets the connection back, too', async () => {
    const one = await start('eu-1', ['cx']);
    sync.region.outages.set(SHARED, 'away');
    await until(() => running().length === 0);
    sync.region.outages.clear();
    await one.connections.readNow('cx');
    await pass(3 * HEARD_MS);
    expect(one.opened.map(({ readings }) => readings)).toEqual([0, 0]);
  });
});

describe('notes on a connection', () => {
  const text = fc.string({ unit: 'binary' });
  const report = fc.record(
    {
      ...{ atMs: fc.nat(), tookMs: fc.nat(), checked: fc.nat(), differed: fc.nat(), overruled: fc.nat() },
      byKind: fc.dictionary(fc.constantFrom('presence', 'profile', 'gone'), fc.nat()),
      failed: text,
    },
    { requiredKeys: ['atMs', 'tookMs', 'checked', 'differed', 'overruled', 'byKind'] },
  );
  const ingest = fc.record({ instance: text, connected: fc.boolean(), agents: fc.nat(), problem: text });
  const notes = fc.record({ ingest, reconciliation: report, wanted: fc.record({ id: text }) }, { requiredKeys: [] });

  it('are read as they were written, each the last of its kind', async () => {
    const law = async (all: ConnectionNotes[]): Promise<void> => {
      sync.region.shared.notes.clear();
      for (const each of all) await writeNotes(sync.store.notes, 'cx', each);
      expect(await readNotes(sync.open().notes, 'cx')).toEqual(Object.assign({}, ...all));
      expect(await readNotes(sync.store.notes, 'cy')).toEqual({});
    };
    await fc.assert(fc.asyncProperty(fc.array(notes as fc.Arbitrary<ConnectionNotes>, { maxLength: 5 }), law), {
      numRuns: 40,
    });
  });
});
