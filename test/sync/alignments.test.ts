import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { Alignments } from '../../src/sync/upkeep/alignments.ts';
import { event, holdTime, MemorySync, pass, START_MS, until } from './memory-sync.ts';

let sync: MemorySync;
let running: Alignments[];
beforeEach(async () => {
  holdTime();
  sync = new MemorySync();
  running = [];
  for (const id of ['crm:ann', 'crm:bob', 'crm:joe', 'shop:eve']) {
    const activity = { state: 'IDLE', at: START_MS, id: 'idle' } as const;
    await sync.ingest.accept(event(id, START_MS, { ...event(id, START_MS).facets, activity }));
  }
});
afterEach(async () => {
  for (const each of running) await each.stop();
  sync.stop();
});

function start(instance = 'eu-1', store = sync.open()): Alignments {
  const { config, clock, log, metrics } = sync;
  const alignments = new Alignments({ store, config, instance, clock, log, metrics });
  running.push(alignments);
  alignments.start();
  return alignments;
}

/** Who can be found in the lines of a domain. */
const found = (domain: string): string[] =>
  [...new Set([...sync.region.domain(domain).lines.values()].flatMap((ids) => [...ids]))].sort();
const runs = (domain: string, outcome: string) => sync.counted('alignRuns', { domain, outcome });

describe('queues and records', () => {
  it('that agree are left as they are, and a report on each domain says so to every instance', async () => {
    start();
    await pass(1000);
    const expected = { instance: 'eu-1', members: 1, repaired: {} };
    const reports = await start('eu-2').reports();
    expect(reports.get('main')).toMatchObject({ ...expected, records: 3, members: 3 });
    expect(reports.get('sales')).toMatchObject({ ...expected, records: 1 });
    expect(Number(reports.get('main')?.atMs)).toBeGreaterThanOrEqual(START_MS);
    expect(sync.logged('queues_repaired')).toEqual([]);
    expect([await runs('main', 'complete'), await runs('sales', 'complete')]).toEqual([1, 1]);
  });

  it('that do not agree are put right, counted by what was wrong, and told', async () => {
    const main = sync.region.domain('main');
    for (const id of ['crm:ann', 'crm:joe']) main.place(id, []);
    await sync.ingest.accept(event('crm:bob', START_MS + 1, 'OFF_DUTY'));
    main.place('crm:bob', ['voice global']);
    const alignments = start();
    await pass(1000);
    expect(found('main')).toContain('crm:ann');
    expect(found('main')).not.toContain('crm:bob');
    const { repaired } = (await alignments.reports()).get('main') ?? {};
    expect(repaired).toEqual({ missing: 2, ghost: 1 });
    expect(sync.logged('queues_repaired')).toMatchObject([{ domain: 'main', repaired }]);
    for (const [kind, count] of Object.entries(repaired ?? {}))
      expect(await sync.counted('alignRepairs', { domain: 'main', kind })).toBe(count);
    await pass(sync.config.reconcile.intervalMs + 1000);
    expect((await alignments.reports()).get('main')).toMatchObject({ repaired: {} });
    expect(sync.logged('queues_repaired')).toHaveLength(1);
  });

  it('are compared as often as platforms are read', async () => {
    start();
    await pass(1000);
    await pass(sync.config.reconcile.intervalMs - 5000);
    expect(await runs('main', 'complete')).toBe(1);
    await pass(5000);
    expect(await runs('main', 'complete')).toBe(2);
  });

  it('of a domain that is away are compared when it is back, and those of the others meanwhile', async () => {
    sync.region.outages.set('main', 'away');
    const alignments = start();
    await pass(1000);
    expect([await runs('main', 'failed'), await runs('sales', 'complete')]).toEqual([1, 1]);
    expect(sync.logged('queue_check_failed')).toMatchObject([{ domain: 'main' }]);
    expect((await alignments.reports()).get('main')).toBeUndefined();
    sync.region.outages.clear();
    await until(async () => (await runs('main', 'complete')) > 0);
    expect((await alignments.reports()).get('main')).toMatchObject({ records: 3 });
  });

  it('are compared though the report cannot be written, which is tried at the next check', async () => {
    const store = sync.open();
    const write = vi.spyOn(store.notes, 'write').mockRejectedValueOnce(new Error('away'));
    const alignments = start('eu-1', store);
    await pass(1000);
    expect(sync.logged('queue_check_failed')).toMatchObject([{ domain: 'main', err: { message: 'away' } }]);
    expect((await alignments.reports()).get('main')).toBeUndefined();
    await until(() => write.mock.calls.length > 2);
    expect((await alignments.reports()).get('main')).toMatchObject({ records: 3 });
  });
});

describe('a record that cannot be read', () => {
  const unreadable = { version: '1', home: 'eu', locksMs: {}, holdMs: 0, arrivalMs: 0, facets: null };

  beforeEach(() => {
    const { records } = sync.region.domain('main');
    records.set('crm:odd', unreadable as unknown as AgentRecord);
    sync.region.domain('main').place('crm:ann', []);
  });

  it('ends each check of its domain, which counts as failed, and none of another', async () => {
    const alignments = start();
    await pass(1000);
    sync.clock.ms += sync.config.reconcile.intervalMs;
    await until(async () => (await runs('main', 'failed')) === 2);
    expect([await runs('main', 'complete'), await runs('sales', 'complete')]).toEqual([0, 2]);
    const [line] = sync.logged('queue_check_failed');
    expect(line).toMatchObject({ domain: 'main', err: { type: 'TypeError' } });
    expect((await alignments.reports()).get('main')).toBeUndefined();
    expect((await alignments.reports()).get('sales')).toMatchObject({ records: 1 });
  });

  it('is in nobody’s way when it is gone', async () => {
    start();
    await until(async () => (await runs('main', 'failed')) > 0);
    sync.region.domain('main').records.delete('crm:odd');
    await until(async () => (await runs('main', 'complete')) > 0);
    expect(found('main')).toContain('crm:ann');
  });
});
