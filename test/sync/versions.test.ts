import { describe, expect, it, vi } from 'vitest';
import { EXCHANGE, OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { readInstances, TOLD, Versions, WANTED } from '../../src/sync/upkeep/versions.ts';
import { holdTime, MemorySync, pass } from './memory-sync.ts';

// A next format, as in an upgrade.
vi.mock('../../src/agent/exchange.ts', () => ({
  EXCHANGE: { oldest: 1, newest: 2 },
  OLDEST_EXCHANGE: { sends: 1, reads: 1 },
}));

const LOOK_MS = 1000;
/** Longer than an instance announces a format. */
const TURNED_MS = 5000;

/** The versions of one instance of `eu`, which takes part in the region's work. */
function versionsOf(sync: MemorySync, instance: string): Versions {
  const { config, clock, log, store, freshness } = sync;
  sync.leases('relay', 3, instance).start();
  return new Versions({ store, freshness, config, instance, version: '1.2.3', clock, log });
}

async function started(...names: string[]): Promise<{ sync: MemorySync; all: Versions[] }> {
  holdTime();
  const sync = new MemorySync();
  const all = names.map((name) => versionsOf(sync, name));
  for (const each of all) each.start();
  await pass(LOOK_MS);
  return { sync, all };
}

const want = (sync: MemorySync, format: number): Promise<void> =>
  sync.store.notes.write('region', 'eu', { [WANTED]: String(format) });

describe('the formats of a region', () => {
  it('are the oldest until the operator wants the newest', async () => {
    const { all } = await started('eu-1', 'eu-2');
    for (const each of all) {
      expect(each.sends).toBe(1);
      expect(each.exchange()).toEqual({ sends: 1, reads: 2 });
    }
  });

  it('are said to be sent before they are, and said not to be after they are not', async () => {
    const { sync, all } = await started('eu-1', 'eu-2');
    const [one, other] = all as [Versions, Versions];
    await want(sync, 2);
    const seen = new Set<string>();
    const watch = async (): Promise<void> => {
      for (let ms = 0; ms < 2 * TURNED_MS; ms += 100) {
        await pass(100);
        seen.add(`${one.sends} ${one.exchange().sends} ${other.sends} ${other.exchange().sends}`);
        // Whatever one sends, both say.
        expect(one.exchange().sends).toBeGreaterThanOrEqual(Math.max(one.sends, other.sends));
        expect(other.exchange().sends).toBeGreaterThanOrEqual(Math.max(one.sends, other.sends));
      }
    };
    await watch();
    expect([one.sends, other.sends]).toEqual([2, 2]);
    await want(sync, 1);
    await watch();
    expect([one.sends, other.sends, one.exchange().sends, other.exchange().sends]).toEqual([1, 1, 1, 1]);
    expect([...seen].some((state) => state.startsWith('1 2'))).toBe(true);
  });

  it('are only as new as the oldest instance reads', async () => {
    const { sync, all } = await started('eu-1');
    sync.leases('relay', 3, 'eu-old').start();
    await pass(LOOK_MS);
    expect(all[0]?.exchange()).toEqual({ sends: 1, reads: 1 });
    const old = { version: '1.0.0', stores: ['3'], exchange: OLDEST_EXCHANGE, peers: {} };
    await sync.store.notes.write('instance', 'eu-old', { [TOLD]: JSON.stringify(old) });
    await pass(2 * LOOK_MS);
    expect(all[0]?.exchange().reads).toBe(1);
    const known = await readInstances(sync.store);
    expect(known.map(([name, note]) => [name, note?.version])).toEqual([
      ['eu-1', '1.2.3'],
      ['eu-old', '1.0.0'],
    ]);
  });

  it('are what could be sent if the notes cannot be read, or hold nonsense', async () => {
    const { sync, all } = await started('eu-1');
    sync.region.outages.set(SHARED, 'away');
    await pass(2 * TURNED_MS);
    expect(all[0]?.exchange().sends).toBe(EXCHANGE.newest);
    sync.region.outages.clear();
    await sync.store.notes.write('region', 'eu', { [WANTED]: 'nonsense' });
    await pass(2 * TURNED_MS);
    expect(all[0]?.exchange().sends).toBe(1);
  });

  it('are warned of where a store is older than the finished upgrade, or unknown', async () => {
    const { sync, all } = await started('eu-1');
    const [one] = all as [Versions];
    const { conversion } = sync.store;
    const state = vi.spyOn(conversion, 'state').mockResolvedValue({ format: '2', flips: 0 });
    vi.spyOn(conversion, 'formats', 'get').mockReturnValue(['2', '3']);
    await pass(2 * LOOK_MS);
    expect([one.warnings(), one.obstacles()]).toEqual([[], []]);
    await want(sync, 2);
    await pass(2 * TURNED_MS);
    expect(one.warnings()).toEqual([
      'the store of domain "main" has format 2 although the upgrade is finished: run `muster upgrade start`',
      'the store of domain "sales" has format 2 although the upgrade is finished: run `muster upgrade start`',
    ]);
    expect(one.obstacles()).toEqual([]);
    state.mockResolvedValue({ format: '4', flips: 1 });
    await pass(2 * LOOK_MS);
    expect(one.obstacles()[0]).toBe('the store of domain "main" has format 4, and this version knows 2 and 3');
    expect(one.warnings()).toEqual(one.obstacles());
  });
});
