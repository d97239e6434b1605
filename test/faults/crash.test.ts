import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../src/bus/envelope.ts';
import { readClaimId } from '../../src/contract/claim-ids.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { claimOnce, settleOnce } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import {
  bringOnDuty,
  eventOf,
  type Process,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { statusIn, storedOf } from '../fixtures/stored.ts';

/** Recent: an instance that takes over forgets at once whoever is offline since longer than `agents.forgetAfterDays`. */
const sinceMs = Date.now() - 60_000;
let regions: Regions;
let eu: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], nodeTimeoutMs: 30_000 });
  eu = regions.all[0] as TestRegion;
  await bringOnDuty(eu, 20, [eu], sinceMs);
});
afterAll(() => regions.stop());

const current = (): Process => eu.processes.at(-1) as Process;

async function connect(url: string) {
  const client = createClient({ url });
  client.on('error', () => undefined); // the command that fails says so itself
  await client.connect();
  return client;
}

/** One command on the node that holds a key, past everything of Muster. */
async function redis(key: string, ...args: string[]): Promise<unknown> {
  const client = await connect(`redis://127.0.0.1:${(await eu.redis.masterOf(key)).port}`);
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}

describe('kill -9 of an instance', () => {
  it('between the grant and its answer: the retry is given the very claim that was granted', async () => {
    // A replica that does not acknowledge keeps the answer back while the grant is already in the store.
    const replica = await eu.redis.replicaOf(await eu.redis.masterOf('agents:{main}'));
    if (!replica) throw new Error('the domain has no replica');
    await eu.redis.freeze(replica);
    const victim = current();
    const asked = claimOnce(victim.url, 'orphan');
    let granted: unknown;
    await vi.waitFor(
      async () => {
        granted = await redis('calls:{main}', 'HGET', 'calls:{main}', 'orphan');
        expect(granted).not.toBeNull();
      },
      { ...SOON, interval: 1 },
    );
    await victim.signal('SIGKILL');
    await asked;
    await eu.redis.thaw(replica);
    const [, agentId, fence] = String(granted).split(' ');

    const next = await eu.spawn();
    const retried = await claimOnce(next.url, 'orphan');
    expect(retried).toMatchObject({ kind: 'granted', status: 200 });
    expect(readClaimId(retried.claimId ?? '')?.name).toEqual({ agentId, fence: Number(fence), region: eu.name });
    expect((await settleOnce(next.url, retried.claimId ?? '', 'release')).status).toBe(200);
    await judge(regions.histories());
  });

  it('between applying a batch and committing its position on the bus: it comes again, and changes nothing', async () => {
    const victim = current();
    const stream = `agent.status.change:${partitionOf('crm-eu:3', 12)}`;
    const bus = await connect(regions.bus.url);
    const tell = async (status: string, atMs: number): Promise<string> => {
      const event = eventOf('crm-eu:3', status, atMs, { region_source: 'eu' });
      return String(await bus.sendCommand(['XADD', stream, '*', 'key', 'crm-eu:3', 'value', JSON.stringify(event)]));
    };
    // It reads the partition once the lease of the instance that was killed has ended.
    await tell('BUSY', sinceMs + 49_000);
    await vi.waitFor(async () => expect(await statusOf('crm-eu:3')).toBe('BUSY'), SOON);
    // Positions are committed by a script: without scripts the batch is read and applied, but never committed.
    await bus.sendCommand(['ACL', 'SETUSER', LOCAL_USER.username, '-eval', '-evalsha']);
    const id = await tell('OFFLINE', sinceMs + 50_000);
    await vi.waitFor(async () => expect(await statusOf('crm-eu:3')).toBe('OFFLINE'), SOON);
    await victim.signal('SIGKILL');
    const committed = async () => String(await bus.sendCommand(['HGET', `${stream}:progress`, 'read:eu']));
    expect(isBefore(await committed(), id)).toBe(true);
    await bus.sendCommand(['ACL', 'SETUSER', LOCAL_USER.username, '+eval', '+evalsha']);

    const next = await eu.spawn();
    await vi.waitFor(async () => expect(isBefore(await committed(), id)).toBe(false), {
      timeout: 20_000,
      interval: 100,
    });
    bus.destroy();
    const metrics = await (await fetch(`${next.url}/metrics`)).text();
    expect(metrics).toMatch(/muster_events_total\{outcome="duplicate",region="eu"\} [1-9]/);
    expect(await statusOf('crm-eu:3')).toBe('OFFLINE');
    await judge(regions.histories());
  });

  it('under load: every call that asks again has one agent, and no agent two calls', async () => {
    const victim = current();
    const calls = Array.from({ length: 15 }, (_, i) => `crash-${i}`);
    const first = Promise.all(calls.map((call) => claimOnce(victim.url, call)));
    const remembered = async () => Number(await redis('calls:{main}', 'HLEN', 'calls:{main}'));
    await vi.waitFor(async () => expect(await remembered()).toBeGreaterThan(1), { timeout: 10_000, interval: 1 });
    await victim.signal('SIGKILL');
    const before = await first;
    const next = await eu.spawn();
    const after = await Promise.all(before.map(({ callId }) => claimOnce(next.url, callId)));
    for (const [i, outcome] of after.entries()) {
      expect(outcome.kind).toBe('granted');
      const earlier = before[i];
      if (earlier?.kind === 'granted') expect(outcome.claimId).toBe(earlier.claimId);
    }
    expect(new Set(after.map(({ agentId }) => agentId)).size).toBe(after.length);
    await judge(regions.histories());
  });
});

const statusOf = async (id: string): Promise<string | undefined> =>
  statusIn(await storedOf((...command) => redis('agents:{main}', ...command), id));

/** Whether a stream's entry comes before another. */
function isBefore(a: string, b: string): boolean {
  const [[aMs, aN], [bMs, bN]] = [a, b].map((id) => id.split('-').map(Number)) as [[number, number], [number, number]];
  return aMs < bMs || (aMs === bMs && aN < bN);
}
