import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { openMessage } from '../../src/bus/envelope.ts';
import type { AgentReading, PlatformContext, PlatformReport, Reading, ReadPage } from '../../src/platforms/platform.ts';
import { readNotes } from '../../src/sync/mirroring/connection-notes.ts';
import { DAY_MS, FORGET_AFTER_MS, instanceOf, type TestInstance } from './fake-connection.ts';
import { event, holdTime, MemorySync, pass, START_MS, until } from './memory-sync.ts';

let sync: MemorySync;
let instance: TestInstance;
let context: PlatformContext;
beforeEach(async () => {
  holdTime();
  sync = new MemorySync();
  instance = instanceOf(sync, 'eu-1', ['cx']);
  instance.connections.start();
  await until(() => instance.opened.length > 0);
  context = instance.open('cx').context;
});
afterEach(async () => {
  await instance.connections.stop();
  sync.stop();
});

function report(agentId: string, at: number, state: 'ON_DUTY' | 'OFF_DUTY' = 'ON_DUTY'): PlatformReport {
  const { region: _, ...told } = event(agentId, at, state);
  return told;
}

const profile = (name: string, at = START_MS) => ({ name, queues: [], skills: {}, tenureDays: 0, at, id: `${name}-p` });
const presenceOf = async (agentId: string) => (await sync.facets(agentId))?.presence?.state;
/** What was accepted, as the bus will be told. */
const published = async () =>
  (await sync.waiting())
    .map((message) => openMessage(message, START_MS))
    .flatMap((one) => ('event' in one ? one.event : []));

describe('what a platform reports', () => {
  it('is accepted as this region’s, of each agent in its order', async () => {
    const reports = [1, 2, 3].flatMap((n) => ['cx:ann', 'cx:bob'].map((id) => report(id, START_MS + n)));
    await context.report(reports);
    const events = await published();
    for (const id of ['cx:ann', 'cx:bob']) {
      const ofAgent = events.filter(({ agentId }) => agentId === id);
      expect(ofAgent.map(({ region, timestampMs }) => [region, timestampMs - START_MS])).toEqual([
        ['eu', 1],
        ['eu', 2],
        ['eu', 3],
      ]);
    }
  });

  it('is offered again and again while the store is away, and no sooner done than accepted', async () => {
    sync.region.outages.set('main', 'away');
    const done = vi.fn();
    void context.report([report('cx:ann', START_MS), report('cx:ann', START_MS + 1, 'OFF_DUTY')]).then(done);
    await pass(2000);
    expect(done).not.toHaveBeenCalled();
    expect(sync.logged('platform_report_not_accepted')).toContainEqual(expect.objectContaining({ agent: 'cx:ann' }));
    sync.region.outages.clear();
    await until(() => done.mock.calls.length > 0);
    expect(await presenceOf('cx:ann')).toBe('OFF_DUTY');
  });

  it('is left to whoever comes next when the instance stops meanwhile', async () => {
    sync.region.outages.set('main', 'away');
    const done = vi.fn();
    void context.report([report('cx:ann', START_MS)]).then(done);
    await pass(1000);
    await instance.connections.stop();
    sync.region.outages.clear();
    await pass(1000);
    expect(done).toHaveBeenCalledOnce();
    expect(await sync.waiting()).toEqual([]);
  });

  it('is not waited for while no replica has it, and accepted again until one has', async () => {
    sync.region.acknowledges = false;
    await context.report([report('cx:ann', START_MS, 'OFF_DUTY'), report('cx:bob', START_MS)]);
    expect(await presenceOf('cx:ann')).toBe('OFF_DUTY');
    expect(sync.logged('platform_report_not_replicated')).toHaveLength(1);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(0);
    await pass(5000);
    sync.region.acknowledges = true;
    await until(() => sync.logged('platform_reports_replicated').length > 0);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(2);
    // However often they were offered, other regions learn of each of them once.
    await pass(5000);
    expect((await published()).map(({ agentId }) => agentId)).toEqual(['cx:ann', 'cx:bob']);
  });

  it('is kept here, and not published, while too much waits for the bus', async () => {
    const { outbox } = sync.store;
    const full = new Map([['main', { count: outbox.limit, ageMs: 0, leftOut: 0 }]]);
    vi.spyOn(outbox, 'counted', 'get').mockReturnValueOnce(full);
    await context.report([report('cx:ann', START_MS)]);
    await context.report([report('cx:ann', START_MS + 1, 'OFF_DUTY')]);
    expect((await published()).map(({ timestampMs }) => timestampMs)).toEqual([START_MS + 1]);
    expect(await presenceOf('cx:ann')).toBe('OFF_DUTY');
    expect(await sync.counted('unpublished')).toBe(1);
  });

  it('is set aside, alone, where it can never be accepted', async () => {
    const unfit = { ...report('cx:ann', START_MS), facets: { presence: { state: 'PAUSED', reason: '\ud800' } } };
    await context.report([
      unfit as unknown as PlatformReport,
      report('cx:ann', START_MS + 1),
      report('cx:bob', START_MS),
    ]);
    expect([await presenceOf('cx:ann'), await presenceOf('cx:bob')]).toEqual(['ON_DUTY', 'ON_DUTY']);
    expect(await sync.counted('setAside', { place: 'connection' })).toBe(1);
    expect(sync.bus.letters).toHaveLength(1);
  });
});

/** A page of the agents of a platform. */
const page = (...agents: AgentReading[]): ReadPage => ({ atMs: sync.clock.nowMs(), agents });
const present = (agentId: string, at = START_MS): AgentReading => ({ agentId, facets: event(agentId, at).facets });
const gone = (agentId: string): AgentReading => {
  const presence = { state: 'OFF_DUTY', at: sync.clock.nowMs(), id: `${agentId}-gone` } as const;
  return { agentId, facets: { presence }, isGone: true };
};

/** A platform of some agents, that says of all others that it has them not. */
function reading(...agents: AgentReading[]): Reading & { asked: string[][] } {
  const asked: string[][] = [];
  return {
    asked,
    async *pages() {
      yield page(...agents);
    },
    async *byId(ids) {
      asked.push(ids.toSorted());
      if (ids.length > 0) yield page(...ids.map((id) => agents.find(({ agentId }) => agentId === id) ?? gone(id)));
    },
  };
}

const found = async () => (await readNotes(sync.store.notes, 'cx')).reconciliation;

describe('a reading of a platform', () => {
  it('becomes events where the store does not say the same, and a report to all instances', async () => {
    await context.report([report('cx:bob', START_MS)]);
    sync.clock.ms += 120_000;
    const ann = {
      agentId: 'cx:ann',
      facets: { ...event('cx:ann', START_MS).facets, profile: profile('Ann', START_MS + 5) },
    };
    await context.reconcile(reading(ann, present('cx:bob')));
    const [told, ...more] = (await published()).filter(({ source }) => source === 'reconcile');
    expect(more).toEqual([]);
    expect(told).toMatchObject({ agentId: 'cx:ann', region: 'eu', facets: ann.facets });
    // As old as the newest of it.
    expect(told).toMatchObject({ eventId: 'Ann-p+1', timestampMs: START_MS + 5 });
    expect(await presenceOf('cx:ann')).toBe('ON_DUTY');
    expect(await found()).toMatchObject({ checked: 2, differed: 1, byKind: { profile: 1, presence: 1 }, overruled: 0 });
    expect(await found()).not.toHaveProperty('failed');
    expect(await sync.counted('reconcileRuns', { connection: 'cx', outcome: 'complete' })).toBe(1);
    expect(await sync.counted('reconcileDifferences', { connection: 'cx', kind: 'presence' })).toBe(1);
  });

  it('overrules what the store holds to be newer, and has said so for a minute', async () => {
    await context.report([report('cx:ann', START_MS, 'OFF_DUTY')]);
    sync.clock.ms += 120_000;
    await context.reconcile(reading(present('cx:ann', START_MS - 1000)));
    expect(await presenceOf('cx:ann')).toBe('ON_DUTY');
    expect(await found()).toMatchObject({ differed: 1, overruled: 1 });
    expect(await sync.counted('reconcileOverruled', { connection: 'cx' })).toBe(1);
  });

  it('asks for those who should be there, and whom it did not name', async () => {
    await context.report([
      report('cx:ann', START_MS),
      report('cx:bob', START_MS),
      report('cx:eve', START_MS, 'OFF_DUTY'),
    ]);
    await sync.ingest.accept(event('crm:ann', START_MS));
    sync.clock.ms += 120_000;
    const platform = reading(present('cx:ann'));
    await context.reconcile(platform);
    expect(platform.asked[0]).toEqual(['cx:bob']);
    expect([await presenceOf('cx:ann'), await presenceOf('cx:bob')]).toEqual(['ON_DUTY', 'OFF_DUTY']);
    expect(await found()).toMatchObject({ checked: 2, byKind: { gone: 1 } });
    expect(await presenceOf('crm:ann')).toBe('ON_DUTY');
    const again = reading(present('cx:ann'));
    await context.reconcile(again);
    expect(again.asked[0]).toEqual([]);
  });

  it('has only those forgotten whom the platform has no more, and of whom nobody has spoken for long', async () => {
    const ago = START_MS - FORGET_AFTER_MS - DAY_MS;
    for (const id of ['cx:gone', 'cx:listed', 'cx:asked']) await context.report([report(id, ago, 'OFF_DUTY')]);
    await context.report([report('cx:lately', START_MS - DAY_MS, 'OFF_DUTY')]);
    const listed = { agentId: 'cx:listed', facets: event('cx:listed', ago, 'OFF_DUTY').facets };
    const asked = { agentId: 'cx:asked', facets: event('cx:asked', ago, 'OFF_DUTY').facets };
    const platform = { ...reading(listed, asked), pages: reading(listed).pages };
    await context.reconcile(platform);
    expect(platform.asked).toEqual([[], ['cx:asked', 'cx:gone']]);
    expect(Object.keys((await sync.facets('cx:gone')) ?? {})).toEqual(['forgotten']);
    for (const id of ['cx:listed', 'cx:asked', 'cx:lately']) expect(await presenceOf(id)).toBe('OFF_DUTY');
    expect(sync.logged('agent_forgotten')).toMatchObject([{ agent: 'cx:gone' }]);
  });

  it('that fails is told as that, with what it found before', async () => {
    const failing: Reading = {
      ...reading(),
      async *pages() {
        yield page(present('cx:ann'));
        throw new Error('GET /users answered 503');
      },
    };
    await expect(context.reconcile(failing)).rejects.toThrow('503');
    expect(await found()).toMatchObject({ checked: 1, differed: 1, failed: 'GET /users answered 503' });
    expect(await sync.counted('reconcileRuns', { connection: 'cx', outcome: 'failed' })).toBe(1);
    expect(await presenceOf('cx:ann')).toBe('ON_DUTY');
  });

  it('that ends because the instance stops is no failure', async () => {
    const stopped = new DOMException('stopped', 'AbortError');
    const ended: Reading = {
      ...reading(),
      byId: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(stopped) }) }),
    };
    await expect(context.reconcile(ended)).rejects.toThrow(stopped);
    expect(await found()).toBeUndefined();
    expect(await sync.counted('reconcileRuns')).toBe(0);
  });

  it('waits while the store cannot say what it holds', async () => {
    sync.region.outages.set('main', 'away');
    const done = vi.fn();
    void context.reconcile(reading(present('cx:ann'))).then(done);
    await pass(2000);
    expect(done).not.toHaveBeenCalled();
    expect(sync.logged('reconciliation_delayed').length).toBeGreaterThan(0);
    sync.region.outages.clear();
    await until(() => done.mock.calls.length > 0);
    expect(await found()).toMatchObject({ checked: 1, differed: 1 });
  });

  it('counts though its report cannot be written', async () => {
    vi.spyOn(sync.region, 'run').mockImplementation(async (_part, name, step) => {
      if (name === 'note') throw new Error('away');
      return step();
    });
    await context.reconcile(reading(present('cx:ann')));
    expect(sync.logged('reconciliation_report_not_written')).toHaveLength(1);
    expect(await presenceOf('cx:ann')).toBe('ON_DUTY');
  });

  it('passes an agent over whom nobody can make sense of, told once, and compares the others', async () => {
    const odd: AgentReading = {
      agentId: 'cx:odd',
      facets: { interactions: { byCall: { c: null } } } as unknown as Facets,
    };
    for (let n = 0; n < 2; n++) await context.compare(page(odd, present('cx:ann')));
    context.passOver('cx:eve', new Error('no id'));
    context.passOver('cx:eve', new Error('no id'));
    expect(await presenceOf('cx:ann')).toBe('ON_DUTY');
    expect(await sync.counted('setAside', { place: 'reconciler' })).toBe(2);
    // A page beside the readings is none of them.
    expect(await found()).toBeUndefined();
  });

  it('finds nothing when it comes again, whatever it found', async () => {
    const at = fc.integer({ min: START_MS - 300_000, max: START_MS });
    const state = fc.constantFrom('ON_DUTY' as const, 'OFF_DUTY' as const);
    const told = fc.record({ agent: fc.nat(3), at, state });
    const law = async (before: { agent: number; at: number; state: 'ON_DUTY' | 'OFF_DUTY' }[], now: typeof before) => {
      await context.report(before.map((one) => report(`cx:${one.agent}`, one.at, one.state)));
      const agents = now.map((one) => {
        const agentId = `cx:${one.agent}`;
        return { agentId, facets: event(agentId, one.at, one.state).facets };
      });
      const platform = () => reading(...new Map(agents.map((agent) => [agent.agentId, agent])).values());
      await context.reconcile(platform());
      await context.reconcile(platform());
      expect(await found()).toMatchObject({ differed: 0, overruled: 0, byKind: {} });
      // By now the platform has been heard of everybody whom it has, or not.
      for (const { agentId, facets } of new Map(agents.map((agent) => [agent.agentId, agent])).values())
        expect((await sync.facets(agentId))?.presence?.at).toBeGreaterThanOrEqual(facets.presence?.at ?? 0);
    };
    const all = fc.array(told, { maxLength: 6 });
    await fc.assert(fc.asyncProperty(all, all, law), { numRuns: 30 });
  });
});
