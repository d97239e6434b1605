import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus, BusMessage } from '../../src/bus/bus.ts';
import { partitionOf } from '../../src/bus/envelope.ts';
import { createRedisStreamsBus } from '../../src/bus/redis-streams/redis-streams.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { Listener } from '../fixtures/listener.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const PARTITIONS = 12;
const TOPIC = 'agent.status.change';
const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
let bus: Bus;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  await bringOnDuty(eu, 40, regions.all, sinceMs);
  bus = createRedisStreamsBus({
    url: regions.bus.urlFor(LOCAL_USER),
    topic: TOPIC,
    partitions: PARTITIONS,
    region: 'eu',
    regions: ['eu', 'us'],
    instance: 'stranger',
    clock: systemClock,
    log: createLog('silent', 'eu', 'stranger'),
  });
});
afterAll(async () => {
  await bus?.close();
  await regions?.stop();
});

const report = async ({ url }: TestRegion) => (await ask(`${url}/v1/regions`)).body;
const agent = async ({ url }: TestRegion, id: string) => (await ask(`${url}/v1/agents/${encodeURIComponent(id)}`)).body;
const setAside = async ({ url }: TestRegion, place: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(text.match(new RegExp(`^muster_set_aside_total\\{place="${place}".*?\\} (\\d+)`, 'm'))?.[1] ?? 0);
};
const recordsKey = 'agents:{main}';

/** Puts something into the store that no version of Muster wrote. */
async function ruin({ redis }: TestRegion, agentId: string): Promise<void> {
  const { port } = await redis.masterOf(recordsKey);
  await withAdmin(port, (admin) => admin.run('HSET', recordsKey, agentId, 'no record'));
}

async function mend({ redis }: TestRegion, agentId: string): Promise<void> {
  const { port } = await redis.masterOf(recordsKey);
  await withAdmin(port, (admin) => admin.run('HDEL', recordsKey, agentId));
}

/** A message that an agent came on duty, as anybody may publish it. */
function plain(agentId: string, more: object = {}): BusMessage {
  const payload = eventOf(agentId, 'AVAILABLE', sinceMs + 20_000, { region_source: 'eu', ...more });
  return { key: agentId, headers: {}, value: JSON.stringify(payload) };
}

const send = (message: BusMessage): Promise<void> => bus.publish(partitionOf(message.key, PARTITIONS), [message]);

describe('a bad message on every partition', () => {
  it('is set aside in every region, which are fresh, apply what stands behind, and name it', async () => {
    for (let partition = 0; partition < PARTITIONS; partition++)
      await bus.publish(partition, [{ key: `noise-${partition}`, headers: {}, value: '{"half":' }]);
    await expect.poll(async () => [await setAside(eu, 'bus'), await setAside(us, 'bus')], SOON).toEqual([12, 12]);
    const last = (i: number) => eventOf(`crm-eu:${i}`, 'OFFLINE', sinceMs + 30_000);
    await ask(
      `${eu.url}/v1/events`,
      'POST',
      Array.from({ length: 40 }, (_, i) => last(i)),
    );
    for (let i = 0; i < 40; i++)
      await expect.poll(async () => (await agent(us, `crm-eu:${i}`)).status, SOON).toBe('OFFLINE');
    for (const region of regions.all) {
      const { warnings, set_aside, regions: views } = await report(region);
      expect(views.map(({ state }: { state: string }) => state)).toEqual(['fresh', 'fresh']);
      expect(set_aside).toMatchObject({ count: 12, last: { place: 'bus', reason: '/ is not JSON' } });
      expect(warnings.join()).toMatch(/^12 messages or records were set aside, .* of noise-\d+ \(bus partition \d+, /);
    }
  });
});

describe('an agent whose record nobody can read', () => {
  const bad = 'crm-us:bad';
  it('costs those on the same partition nothing', async () => {
    const partition = partitionOf(bad, PARTITIONS);
    const ids = Array.from({ length: 400 }, (_, i) => `crm-us:other-${i}`);
    const beside = ids.find((id) => partitionOf(id, PARTITIONS) === partition) ?? '';
    const before = await setAside(eu, 'bus');
    await ruin(eu, bad);
    await bus.publish(partition, [plain(bad), plain(beside), plain(bad)]);
    await expect.poll(async () => (await agent(eu, beside)).status, SOON).toBe('AVAILABLE');
    await expect.poll(() => setAside(eu, 'bus'), SOON).toBe(before + 2);
    await expect.poll(async () => (await report(eu)).bus_behind, SOON).toBeLessThan(PARTITIONS);
    const { set_aside } = await report(eu);
    expect(set_aside.last).toMatchObject({ key: bad, reason: expect.stringContaining("not an agent's record") });
    // Where its record is well the agent is what was said.
    await expect.poll(async () => (await agent(us, bad)).status, SOON).toBe('AVAILABLE');
    await mend(eu, bad);
    await send(plain(bad, { timestamp: sinceMs + 40_000 }));
    await expect.poll(async () => (await agent(eu, bad)).status, SOON).toBe('AVAILABLE');
  });

  it('ends no stream, and what else changes is told', async () => {
    const stream = await Listener.open(`${eu.url}/v1/stream`);
    const passed = await setAside(eu, 'stream');
    await ruin(eu, bad);
    const { port } = await eu.redis.masterOf(recordsKey);
    await withAdmin(port, (admin) => admin.run('XADD', 'changes:{main}', '*', 'a', bad));
    await withAdmin(port, (admin) => admin.run('XADD', 'changes:{main}', '*', 'a', 'crm-eu:1', 'c', '%'));
    await ask(`${eu.url}/v1/events`, 'POST', [eventOf('crm-eu:2', 'AVAILABLE', sinceMs + 51_000)]);
    await stream.next('agent', ({ agent_id, status }) => agent_id === 'crm-eu:2' && status === 'AVAILABLE');
    await expect.poll(() => setAside(eu, 'stream'), SOON).toBe(passed + 1);
    expect(stream.hasEnded).toBe(false);
    stream.close();
    await mend(eu, bad);
  });
});

describe('a store that refuses to write', () => {
  it('makes no dead letters: everything is applied when it does again', async () => {
    const before = await setAside(us, 'bus');
    const limit = async (bytes: string): Promise<void> => {
      for (const { port } of await us.redis.masters())
        await withAdmin(port, (admin) => admin.run('CONFIG', 'SET', 'maxmemory', bytes));
    };
    await limit('1000000');
    const ids = Array.from({ length: 30 }, (_, i) => `crm-eu:late-${i}`);
    for (const id of ids) await send(plain(id));
    await expect.poll(async () => (await report(us)).bus_behind, SOON).toBeGreaterThanOrEqual(ids.length / 2);
    await limit('0');
    for (const id of ids) await expect.poll(async () => (await agent(us, id)).status, SOON).toBe('AVAILABLE');
    expect(await setAside(us, 'bus')).toBe(before);
  });
});
