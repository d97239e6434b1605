import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import type { LocalRedisNode } from '../../world/redis/cluster.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], nodeTimeoutMs: 60_000 });
  eu = regions.all[0] as TestRegion;
  await bringOnDuty(eu, 50, [eu], sinceMs);
});
afterAll(() => regions.stop());

const tell = (node: LocalRedisNode, ...command: string[]) => withAdmin(node.port, (admin) => admin.run(...command));
const tellAll = async (nodes: readonly LocalRedisNode[], ...command: string[]) => {
  for (const node of nodes) await tell(node, ...command);
};
const main = () => eu.redis.masterOf('agents:{main}');
const readyz = async () => (await ask(`${eu.url}/readyz`)).status;
const warnings = async (): Promise<string[]> => (await ask(`${eu.url}/v1/regions`)).body.warnings;

let calls = 0;
async function claim(): Promise<{ status: number; code?: string; retryAfter: string | null }> {
  const response = await fetch(`${eu.url}/v1/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ queue: 'support', call_id: `call-${calls++}` }),
    signal: AbortSignal.timeout(5000),
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, ...(code && { code }), retryAfter: response.headers.get('retry-after') };
}
const unavailable = { status: 503, code: 'shard_unavailable', retryAfter: expect.stringMatching(/^\d+$/) };
const refusedSoon = () => expect.poll(claim, SOON).toMatchObject(unavailable);
const grantedSoon = () => expect.poll(async () => (await claim()).status, SOON).toBe(201);

interface Line {
  level: number;
  event: string;
  shard?: string;
  reason?: string;
}
const lines = (): Line[] => {
  const text = readFileSync((eu.processes[0] as { log: string }).log, 'utf8');
  return text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
};
/** What has been logged since something was begun; nothing may have been a surprise. What a process says arrives a moment later. */
async function loggedDuring(work: () => Promise<void>): Promise<() => Line[]> {
  const before = lines().length;
  await work();
  return () => {
    const during = lines().slice(before);
    expect(during.filter(({ level }) => level >= 50)).toEqual([]);
    return during;
  };
}
const about = (logged: () => Line[], { port }: LocalRedisNode) => {
  const ofShard = (): string[] =>
    logged().flatMap(({ shard, event }) => (shard === `127.0.0.1:${port}` ? [event] : []));
  return expect.poll(ofShard, SOON);
};

describe('a store whose memory is full', () => {
  it('is unavailable to writers before any comes, may still be read, and takes writes again by itself', async () => {
    const masters = await eu.redis.masters();
    const logged = await loggedDuring(async () => {
      await tellAll(masters, 'CONFIG', 'SET', 'maxmemory', '1000000');
      await expect.poll(readyz, SOON).toBe(503);
      await expect.poll(async () => (await warnings()).filter((each) => each.includes('OOM')).length, SOON).toBe(3);
      for (let i = 0; i < 20; i++) expect(await claim()).toMatchObject(unavailable);
      const event = eventOf('crm-eu:0', 'BUSY', Date.now());
      expect(await ask(`${eu.url}/v1/events`, 'POST', event)).toMatchObject({
        status: 503,
        body: { code: 'shard_unavailable' },
      });
      const found = await ask(`${eu.url}/agents/available?queue=support&limit=2`);
      expect(found).toMatchObject({ status: 200, body: { agents: [{}, {}] } });
      expect((await ask(`${eu.url}/v1/agents/crm-eu:0`)).status).toBe(200);
      const metrics = async () => (await fetch(`${eu.url}/metrics`)).text();
      const refusing = async () => (await metrics()).match(/^muster_shard_refuses_writes\{.*\} 1$/gm)?.length;
      await expect.poll(refusing, SOON).toBe(3);
      await tellAll(masters, 'CONFIG', 'SET', 'maxmemory', '0');
      await expect.poll(readyz, SOON).toBe(200);
      await grantedSoon();
      await expect.poll(warnings, SOON).toEqual([]);
    });
    for (const master of masters) await about(logged, master).toEqual(['shard_refuses_writes', 'shard_accepts_writes']);
  });

  it('does not make the region unready where its domain lives elsewhere', async () => {
    const [other] = (await eu.redis.masters()).filter(({ id }, _, all) => id !== all[0]?.id);
    const home = await main();
    const one = other?.id === home.id ? ((await eu.redis.masters())[0] as LocalRedisNode) : (other as LocalRedisNode);
    await tell(one, 'CONFIG', 'SET', 'maxmemory', '1000000');
    await expect.poll(warnings, SOON).toEqual([expect.stringContaining(`127.0.0.1:${one.port} refuses to write: OOM`)]);
    expect(await readyz()).toBe(200);
    expect((await claim()).status).toBe(201);
    await tell(one, 'CONFIG', 'SET', 'maxmemory', '0');
    await expect.poll(warnings, SOON).toEqual([]);
  });
});

describe('a master that refuses to write for another reason is unavailable, is told of once, and ends so', () => {
  /** Breaks it, sees that callers are told and that somebody is named, mends it, sees that it goes on. */
  async function goesThrough(said: RegExp, breakIt: () => Promise<unknown>, mendIt: () => Promise<unknown>) {
    const master = await main();
    const logged = await loggedDuring(async () => {
      await breakIt();
      await refusedSoon();
      await expect.poll(async () => (await warnings()).join(), SOON).toMatch(said);
      for (let i = 0; i < 10; i++) expect(await claim()).toMatchObject(unavailable);
      await mendIt();
      await grantedSoon();
      await expect.poll(warnings, SOON).toEqual([]);
      expect(await readyz()).toBe(200);
    });
    await about(logged, master).toHaveLength(2);
  }

  it('MISCONF: it cannot save', async () => {
    const master = await main();
    const { dir } = (await tell(master, 'CONFIG', 'GET', 'dir')) as { dir: string };
    const inTheWay = join(dir, 'dump.rdb');
    await goesThrough(
      /refuses to write: MISCONF/,
      async () => {
        // Redis 6.2 has saved one when a replica came.
        await rm(inTheWay, { force: true });
        await mkdir(inTheWay);
        await tell(master, 'CONFIG', 'SET', 'save', '3600 1');
        await tell(master, 'BGSAVE');
      },
      async () => {
        await rm(inTheWay, { recursive: true });
        await tell(master, 'CONFIG', 'SET', 'save', '');
      },
    );
  });

  it('NOREPLICAS: too few are in step', async ({ skip }) => {
    const master = await main();
    // Muster writes by scripts, and asks for a replica's acknowledgement whatever the store is set to.
    const version = /redis_version:(\d+)/.exec(`${await tell(master, 'INFO', 'server')}`)?.[1];
    skip(Number(version) < 7, 'Redis 6.2 does not hold what scripts write to `min-replicas-to-write`');
    await goesThrough(
      /refuses to write: NOREPLICAS/,
      () => tell(master, 'CONFIG', 'SET', 'min-replicas-to-write', '3'),
      () => tell(master, 'CONFIG', 'SET', 'min-replicas-to-write', '0'),
    );
  });

  it('NOPERM: Muster may not do what it must', async () => {
    const master = await main();
    await goesThrough(
      /refuses to write: .*(can't run this command|no permissions to run the 'hset' command)/,
      () => tell(master, 'ACL', 'SETUSER', LOCAL_USER.username, '-hset'),
      () => tell(master, 'ACL', 'SETUSER', LOCAL_USER.username, '+hset'),
    );
  });

  it('WRONGPASS: its password was changed', async () => {
    const master = await main();
    const { username, password } = LOCAL_USER;
    await goesThrough(
      /does not answer/,
      async () => {
        await tell(master, 'ACL', 'SETUSER', username, 'resetpass', '>another');
        await tell(master, 'CLIENT', 'KILL', 'USER', username);
      },
      () => tell(master, 'ACL', 'SETUSER', username, `>${password}`),
    );
    await expect.poll(() => lines().filter(({ reason }) => reason?.startsWith('WRONGPASS')), SOON).toHaveLength(1);
  });

  it('BUSY: a script does not end', async () => {
    const master = await main();
    await goesThrough(
      /does not answer/,
      async () => {
        await tell(master, 'CONFIG', 'SET', 'lua-time-limit', '100');
        tell(master, 'EVAL', 'while true do end', '0').catch(() => undefined);
      },
      () => tell(master, 'SCRIPT', 'KILL'),
    );
  });

  it('paused: writes are held up', async () => {
    const master = await main();
    await goesThrough(
      /does not answer/,
      () => tell(master, 'CLIENT', 'PAUSE', '60000', 'WRITE'),
      () => tell(master, 'CLIENT', 'UNPAUSE'),
    );
  });
});
