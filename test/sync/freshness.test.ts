import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { type Heartbeat, openMessage, partitionOf, sealHeartbeat } from '../../src/bus/envelope.ts';
import { readConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { BEAT_KEY } from '../../src/store/record/record.ts';
import { Freshness } from '../../src/sync/freshness/freshness.ts';
import { SOON } from '../fixtures/soon.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';
import { type Store, silent, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const CONFIG = readConfig(
  `
region: eu
redis: { nodes: [127.0.0.1:7001] }
bus: { url: redis://127.0.0.1:6390, partitions: 3 }
regions: { eu: { url: http://127.0.0.1:7402 }, us: { url: http://127.0.0.1:7401 } }
domains: { main: {}, sales: {} }
connections: { shop: { platform: events, home: us, domain: sales } }
agents: { unknown: { accept: true, home: us } }
freshness: { heartbeatMs: 100, suspectMs: 30000, staleMs: 60000 }
`,
  'muster.yaml',
  {},
);
const DOMAINS = ['main', 'sales'];

/** One instance of `eu`, which listens to `us` on three partitions. */
function instance(): Freshness {
  return new Freshness({ store: store.open(), config: CONFIG, host: STEADY_HOST, clock: systemClock, log: silent });
}

const takeBeat = (known = 0): Promise<number> => store.open().takeBeat(known);
const heartbeat = async (more: Partial<Heartbeat> = {}): Promise<Heartbeat> => ({
  region: 'us',
  domain: 'main',
  beat: await takeBeat(),
  writer: 'us-1',
  steadyMs: systemClock.monotonicMs(),
  timestampMs: 0,
  leaving: false,
  exchange: OLDEST_EXCHANGE,
  ...more,
});
const agentOn = (partition: number, prefix = 'agent-'): string =>
  Array.from({ length: 100 }, (_, i) => `${prefix}${i}`).find((id) => partitionOf(id, 3) === partition) ?? '';
/** Has an instance apply a heartbeat of every domain. */
async function beatAll(of: Freshness, partition: number, more: Partial<Heartbeat> = {}): Promise<void> {
  for (const domain of DOMAINS) await of.advance(await heartbeat({ domain, ...more }), partition);
}

describe('the instances of a region', () => {
  test('share applied heartbeats, and each computes ages by itself, for each partition', async () => {
    const [reader, other] = [instance(), instance()];
    for (const each of [reader, other]) each.ask('us')(await takeBeat());
    for (const partition of [0, 1]) await beatAll(reader, partition);
    await other.start();
    try {
      for (const each of [reader, other]) {
        expect([0, 1, 2].map((partition) => each.partition('us', partition).state)).toEqual([
          'fresh',
          'fresh',
          'stale',
        ]);
        expect(each.agent('us', agentOn(1))).toMatchObject({ state: 'fresh' });
        expect(each.agent('us', agentOn(2))).toMatchObject({ state: 'stale', ageMs: Number.POSITIVE_INFINITY });
        expect(each.region('us')).toMatchObject({ state: 'stale', left: false });
        expect(each.region('eu')).toEqual({ state: 'fresh', ageMs: 0, left: false });
        expect(each.region('nowhere')).toMatchObject({ state: 'stale' });
      }
      await beatAll(reader, 2, { writer: 'us-2' });
      await vi.waitFor(() => expect(other.region('us').state).toBe('fresh'), SOON);
      await reader.advance(await heartbeat({ leaving: true }), 1);
      await vi.waitFor(() => expect(other.region('us')).toMatchObject({ state: 'stale', left: true }), SOON);
      expect(other.agent('us', agentOn(0))).toMatchObject({ state: 'fresh', left: false });
      // What a region says of one domain says nothing of another.
      expect(other.agent('us', agentOn(1))).toMatchObject({ state: 'stale', left: true });
      expect(other.agent('us', agentOn(1, 'shop:'))).toMatchObject({ state: 'fresh', left: false });
    } finally {
      other.stop();
    }
  });

  test('know no age before they have asked, whatever others have applied', async () => {
    const late = instance();
    await late.start();
    late.stop();
    expect(late.partition('us', 0)).toMatchObject({ state: 'stale', ageMs: Number.POSITIVE_INFINITY });
    late.ask('us')(await takeBeat());
    await beatAll(late, 0);
    expect(late.partition('us', 0).state).toBe('fresh');
  });
});

describe('a heartbeat sequence number', () => {
  test('is higher than all before it, though the clock of the shard was set back or a failover lost some', async () => {
    const beats = [await takeBeat(), await takeBeat(), await takeBeat()];
    expect(new Set(beats).size).toBe(3);
    expect(beats).toEqual([...beats].sort((a, b) => a - b));
    const aheadMs = (beats[2] as number) + 300_000;
    await store.cluster.command(BEAT_KEY, ['SET', BEAT_KEY, String(aheadMs)]);
    expect(await takeBeat()).toBe(aheadMs + 1);
    expect(await takeBeat(aheadMs + 10)).toBe(aheadMs + 11);
    await store.cluster.command(BEAT_KEY, ['DEL', BEAT_KEY]);
    expect(await takeBeat()).toBeLessThan(aheadMs);
  });

  test.each([false, true])('travels in a heartbeat, with or without a good-bye (%s)', async (leaving) => {
    const sent = await heartbeat({ leaving, timestampMs: 1_764_000_000_000 });
    expect(openMessage(sealHeartbeat(sent, 7), 0)).toEqual({ type: 'muster.region.heartbeat', heartbeat: sent });
  });

  test.each(['domain', 'beat', 'writer', 'steady_ms'])('without %s is no heartbeat', async (field) => {
    const message = sealHeartbeat(await heartbeat(), 7);
    const value = JSON.stringify({ ...JSON.parse(message.value), [field]: undefined });
    expect(() => openMessage({ ...message, value }, 0)).toThrow(`/${field}`);
  });
});
