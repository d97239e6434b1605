import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAdmin } from '../../world/redis/admin.ts';
import { type Answer, ask, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const LONG = { timeout: 45_000, interval: 50 };

import { withLock } from '../fixtures/stored.ts';

const AGENTS = 'agents:{main}';
const nowMs = Date.now();
let regions: Regions;
let eu: TestRegion;
beforeAll(async () => {
  // A platform that reports interactions, and cannot be reached: its word comes by events.
  const nowhere = { loginUrl: 'http://127.0.0.1:9', apiUrl: 'http://127.0.0.1:9', clientId: 'a', clientSecret: 'b' };
  const config = {
    claims: { heldMs: 1000 },
    connections: {
      'crm-eu': { platform: 'events', home: 'eu' },
      phone: { platform: 'genesys', home: 'eu', ...nowhere },
    },
    queues: { calls: { unites: ['phone:calls'], wrapUp: { rule: 'timed', seconds: 60 } } },
  };
  regions = await startRegions({ names: ['eu'], replicas: false, config });
  [eu] = regions.all as [TestRegion];
});
afterAll(() => regions.stop());

const post = (path: string, body: unknown): Promise<Answer> => ask(`${eu.url}${path}`, 'POST', body);
const pathOf = ({ body }: Answer): string => `/v1/claims/${encodeURIComponent(body.claim_id)}`;
const look = async (claim: Answer): Promise<Answer['body']> => (await ask(`${eu.url}${pathOf(claim)}`)).body;
const inStore = async (...command: string[]): Promise<unknown> =>
  withAdmin((await eu.redis.masterOf(AGENTS)).port, (redis) => redis.run(...command));

const lapsesTold = async (): Promise<number> => {
  const text = await (await fetch(`${eu.url}/metrics`)).text();
  return Number(/^muster_claim_ends_total\{.*reason="lapsed".*\} (\d+)$/m.exec(text)?.[1] ?? 0);
};

async function free(agentId: string): Promise<void> {
  const [connection] = agentId.split(':');
  const profile = { queues: [`${connection}:calls`] };
  await post('/v1/events', eventOf(agentId, 'AVAILABLE', nowMs, { profile }));
}

const interaction = (agentId: string, call_id: string, state: string, afterMs: number, more: object = {}) =>
  post('/v1/events', {
    ...eventOf(agentId, 'BUSY', nowMs + afterMs),
    status: undefined,
    interactions: [{ call_id, state, ...more }],
  });

/** As if a claim had been held for as long as it may be. */
async function letTimePass(agentId: string): Promise<void> {
  const lockMs = nowMs - 1;
  await inStore('HSET', AGENTS, agentId, withLock(String(await inStore('HGET', AGENTS, agentId)), lockMs));
  await inStore('ZADD', 'ends:{main}', String(lockMs), `${agentId} voice`);
}

describe('a claim whose interaction goes on', () => {
  it('does not lapse while it rings: who answers late is confirmed, and has the wrap-up of the queue', async () => {
    await free('phone:late');
    const claim = await post('/v1/claims', { queue: 'calls', call_id: 'late' });
    expect(claim.status).toBe(201);
    await interaction('phone:late', 'late', 'ALERTING', 1000);
    // A neighbour's lapse shows that whoever tells of lapses has looked.
    await free('crm-eu:neighbour');
    const neighbour = await post('/v1/claims', { queue: 'crm-eu:calls', call_id: 'neighbour' });
    await expect.poll(() => look(neighbour), LONG).toMatchObject({ state: 'ENDED', end_reason: 'lapsed' });
    expect(await look(claim)).toMatchObject({ state: 'HELD' });
    await interaction('phone:late', 'late', 'CONNECTED', 5000, { connected_at: nowMs + 5000 });
    expect(await look(claim)).toMatchObject({ state: 'CONFIRMED' });
    await interaction('phone:late', 'late', 'ENDED', 9000, { connected_at: nowMs + 5000 });
    expect(await look(claim)).toMatchObject({ state: 'WRAP_UP', end_reason: 'platform' });
  });

  it('does not lapse in the middle of a long call', async () => {
    await free('phone:long');
    const claim = await post('/v1/claims', { queue: 'calls', call_id: 'long' });
    await interaction('phone:long', 'long', 'CONNECTED', 1000, { connected_at: nowMs + 1000 });
    expect(await look(claim)).toMatchObject({ state: 'CONFIRMED' });
    await letTimePass('phone:long');
    await expect.poll(async () => (await look(claim)).expires_in_ms, LONG).toBeGreaterThan(0);
    expect(await look(claim)).toMatchObject({ state: 'CONFIRMED' });
    expect(await post(`${pathOf(claim)}/renew`, {})).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    await interaction('phone:long', 'long', 'ENDED', 120_000, { connected_at: nowMs + 1000 });
    expect(await look(claim)).toMatchObject({ state: 'WRAP_UP', end_reason: 'platform' });
  });
});

describe('a claim that has lapsed', () => {
  it('is told of, though another call has the agent at once', async () => {
    await free('crm-eu:wanted');
    const one = await post('/v1/claims', { queue: 'crm-eu:calls', call_id: 'one', agent_id: 'crm-eu:wanted' });
    expect(one.status).toBe(201);
    const before = await lapsesTold();
    await letTimePass('crm-eu:wanted');
    const two = await post('/v1/claims', { queue: 'crm-eu:calls', call_id: 'two', agent_id: 'crm-eu:wanted' });
    expect(two.status).toBe(201);
    expect(await post(`${pathOf(two)}/confirm`, {})).toMatchObject({ status: 200 });
    await expect.poll(lapsesTold, LONG).toBe(before + 1);
    const told = async () => {
      const log = await readFile(eu.processes[0]?.log ?? '', 'utf8');
      return log.split('\n').filter((line) => line.includes('"lapse"') && line.includes(one.body.claim_id)).length;
    };
    await expect.poll(told, LONG).toBe(1);
    const changes = (await inStore('XRANGE', 'changes:{main}', '-', '+')) as [string, string[]][];
    const moved = changes.flatMap(([, [, agent, , claim]]) => (agent === 'crm-eu:wanted' ? [claim ?? ''] : []));
    const ends = moved.filter((text) => text.includes(` ENDED - one `) && text.endsWith(' lapsed'));
    expect(ends).toHaveLength(1);
    expect(moved.indexOf(ends[0] ?? '')).toBeLessThan(moved.findIndex((text) => text.includes(' HELD - two ')));
    await post(`${pathOf(two)}/release`, {});
  });
});
