import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { Heartbeat } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { Freshness } from '../../src/sync/freshness/freshness.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';
import { holdTime, MemorySync, pass } from './memory-sync.ts';

let sync: MemorySync;
let confirmedMs: number;
beforeEach(() => {
  sync = new MemorySync();
  confirmedMs = sync.config.freshness.confirmedMs;
});
afterEach(() => sync.stop());

/** One more instance: nothing is confirmed to it yet. */
function another(): Freshness {
  const { clock, config, store, log } = sync;
  return new Freshness({ store, config, host: STEADY_HOST, clock, log });
}

describe('an agent whom the platform has confirmed', () => {
  it('counts from when it was asked, and as long as the config says', () => {
    const { freshness, clock } = sync;
    const askedMs = clock.monotonicMs();
    clock.ms += 100;
    expect(freshness.confirmedMsAgo('far:ann')).toBeUndefined();
    freshness.confirmed('far:ann', askedMs);
    expect(freshness.confirmedMsAgo('far:ann')).toBe(100);
    clock.ms = askedMs + confirmedMs;
    expect(freshness.confirmedMsAgo('far:ann')).toBe(confirmedMs);
    clock.ms += 1;
    expect(freshness.confirmedMsAgo('far:ann')).toBeUndefined();
  });

  it('counts no more when the home contradicts', () => {
    const { freshness, clock } = sync;
    for (const id of ['far:ann', 'far:bob']) freshness.confirmed(id, clock.monotonicMs());
    freshness.contradicted('far:ann');
    expect(freshness.confirmedMsAgo('far:ann')).toBeUndefined();
    expect(freshness.confirmedAgents()).toEqual(['far:bob']);
  });

  it('is listed while the confirmation counts, the longest ago first', () => {
    const word = fc.record({ agent: fc.nat(8), waitMs: fc.nat(2 * confirmedMs), contradicts: fc.nat(9) });
    const law = (words: { agent: number; waitMs: number; contradicts: number }[]): void => {
      const freshness = another();
      const { clock } = sync;
      const told = new Map<string, number>();
      for (const { agent, waitMs, contradicts } of words) {
        clock.ms += waitMs;
        const id = `far:${agent}`;
        told.delete(id);
        if (contradicts === 0) freshness.contradicted(id);
        else {
          told.set(id, clock.ms);
          freshness.confirmed(id, clock.ms);
        }
        const counting = [...told].filter(([, askedMs]) => clock.ms - askedMs <= confirmedMs);
        expect(freshness.confirmedAgents()).toEqual(counting.map(([name]) => name));
      }
    };
    fc.assert(fc.property(fc.array(word, { maxLength: 30 }), law), { numRuns: 100 });
  });
});

describe('the instances of a region', () => {
  const heartbeat = (beat: number, more: Partial<Heartbeat> = {}): Heartbeat => ({
    ...{
      region: 'us',
      domain: 'main',
      beat,
      writer: 'us-1',
      steadyMs: sync.clock.monotonicMs(),
      timestampMs: 0,
      leaving: false,
      exchange: OLDEST_EXCHANGE,
    },
    ...more,
  });

  it('share heartbeats within moments, and go on where the store was away meanwhile', async () => {
    holdTime();
    const reader = sync.freshness;
    const other = another();
    await other.start();
    other.ask('us')(1);
    for (const partition of [0, 1, 2]) {
      for (const domain of ['main', 'sales']) await reader.advance(heartbeat(2, { domain }), partition);
    }
    await pass(1000);
    expect(other.region('us').state).toBe('fresh');
    sync.region.outages.set(SHARED, 'away');
    await pass(1000);
    expect(sync.logged('watermarks_not_read').length).toBeGreaterThan(0);
    sync.region.outages.clear();
    await reader.advance(heartbeat(3, { leaving: true }), 1);
    await pass(1000);
    expect(other.region('us')).toMatchObject({ state: 'stale', left: true });
    expect(other.partition('us', 0).left).toBe(false);
    other.stop();
  });

  it('make nothing of what an earlier version wrote, nor of a region or domain that is not in the config', async () => {
    await sync.store.notes.write('region', 'us', { 0: '77 us-1 5 beating', 'main/0': '77 us-1', 'main/1': '77' });
    for (const region of ['us', 'mars']) sync.freshness.ask(region)(1);
    await sync.freshness.start();
    await sync.freshness.advance(heartbeat(2, { region: 'mars' }), 0);
    await sync.freshness.advance(heartbeat(2, { domain: 'moon' }), 0);
    expect(await sync.store.notes.read('region', 'mars')).toEqual({});
    expect(await sync.store.notes.read('region', 'us')).not.toHaveProperty('moon/0');
    for (const [region, partition] of [['us', 0] as const, ['us', 1] as const, ['mars', 0] as const]) {
      const standing = { state: 'stale', ageMs: Number.POSITIVE_INFINITY };
      expect(sync.freshness.partition(region, partition)).toMatchObject(standing);
    }
    expect(sync.freshness.agent('eu', 'crm:ann')).toEqual({ ageMs: 0, state: 'fresh', left: false });
  });
});

describe('a domain', () => {
  /** A heartbeat of a domain, on each partition, after the region was asked. */
  async function beat(number: number, ...domains: string[]): Promise<void> {
    const { clock, freshness } = sync;
    freshness.ask('us')(number);
    const written = {
      writer: 'us-1',
      steadyMs: clock.monotonicMs(),
      timestampMs: 0,
      leaving: false,
      exchange: OLDEST_EXCHANGE,
    };
    for (const domain of domains) {
      const each = { region: 'us', domain, beat: number + 1, ...written };
      await Promise.all([0, 1, 2].map((partition) => freshness.advance(each, partition)));
    }
  }
  /** What counts as the age of `main`, of `sales`, of a partition with both, and of the region. */
  const states = () => {
    const { freshness } = sync;
    const agents = ['far:ann', 'shop:eve'].map((id) => freshness.agent('us', id));
    return [...agents, freshness.partition('us', 0), freshness.region('us')].map(({ state, left }) => {
      expect(left).toBe(false);
      return state;
    });
  };

  it('of which a region no longer tells grows old, and with it the region, while the others are fresh', async () => {
    const { suspectMs, staleMs } = sync.config.freshness;
    await beat(1, 'main', 'sales');
    expect(states()).toEqual(['fresh', 'fresh', 'fresh', 'fresh']);
    sync.clock.ms += suspectMs + 1;
    await beat(3, 'main');
    expect(states()).toEqual(['fresh', 'suspect', 'suspect', 'suspect']);
    sync.clock.ms += staleMs - suspectMs;
    await beat(5, 'main');
    expect(states()).toEqual(['fresh', 'stale', 'stale', 'stale']);
    await beat(7, 'sales');
    expect(states()).toEqual(['fresh', 'fresh', 'fresh', 'fresh']);
  });

  it('of which a region has never told is stale', async () => {
    await beat(1, 'main');
    expect(states()).toEqual(['fresh', 'stale', 'stale', 'stale']);
    expect(sync.freshness.region('us').ageMs).toBe(Number.POSITIVE_INFINITY);
  });
});
