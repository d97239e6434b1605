import { readFile } from 'node:fs/promises';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { withAdmin } from '../../world/redis/admin.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { putBack, storedOf } from '../fixtures/stored.ts';

const AGENTS = 'agents:{main}';

let simulator: GenesysSimulator;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
let userIds: string[];
beforeAll(async () => {
  simulator = await startGenesysSimulator({ agents: 12, queues: 3, paused: true, requestsPerMinute: 10_000 });
  const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: {
      connections: { 'genesys-eu': { platform: 'genesys', home: 'eu', ...access } },
      queues: {},
      reconcile: { intervalMs: 1000 },
    },
  });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  await vi.waitFor(async () => expect(await reconciliation()).toMatchObject({ checked: 12 }), 20_000);
  userIds = (await inStore(eu, 'HKEYS', AGENTS)) as string[];
});
afterAll(async () => {
  await regions?.stop();
  await simulator?.stop();
});

const inStore = async (region: TestRegion, ...command: string[]): Promise<unknown> =>
  withAdmin((await region.redis.masterOf(AGENTS)).port, (redis) => redis.run(...command));
const agentAt = async ({ url }: TestRegion, id: string) =>
  (await ask(`${url}/v1/agents/${encodeURIComponent(id)}`)).body;
const reconciliation = async () => (await ask(`${eu.url}/v1/connections`)).body.connections[0].ingest.reconciliation;
const users = (id: string): string => id.slice('genesys-eu:'.length);
const becomes = (id: string, state: object) =>
  vi.waitFor(
    async () => {
      for (const region of [eu, us]) expect(await agentAt(region, id)).toMatchObject(state);
    },
    { timeout: 45_000, interval: 100 },
  );

/** What brought the events about an agent, oldest first. */
async function sourcesOf(id: string): Promise<string[]> {
  const lines = await Promise.all(eu.processes.map(({ history }) => readFile(history, 'utf8')));
  return lines
    .join('')
    .split('\n')
    .filter((line) => line.includes('"phase":"accepted"') && line.includes(`"${id}"`))
    .map((line) => JSON.parse(line).source ?? 'notified');
}

describe('a notification that is lost', () => {
  it('costs one reconciliation: the zombie is back in every region, and so is the agent who left', async () => {
    const id = userIds[0] as string;
    simulator.faults({ dropEvents: 1 });
    simulator.setUser(users(id), { presence: 'On Queue', routingStatus: 'IDLE' });
    await becomes(id, { status: 'AVAILABLE' });
    expect((await sourcesOf(id)).at(-1)).toBe('reconcile');
    expect((await ask(`${us.url}/agents/available?queue=global`)).body.agents).toMatchObject([{ agent_id: id }]);

    simulator.setUser(users(id), { presence: 'Break' });
    await becomes(id, { status: 'BUSY', reason: 'BREAK' });
    const metrics = await (await fetch(`${eu.url}/metrics`)).text();
    expect(metrics).toMatch(
      /muster_reconcile_differences_total\{connection="genesys-eu",kind="presence",region="eu"\} \d+/,
    );
  });
});

describe('a store that lost what it had accepted', () => {
  it('is given it again: an older record, and none at all', async () => {
    const id = userIds[1] as string;
    simulator.faults({ dropEvents: 0 });
    const run = (...command: string[]) => inStore(eu, ...command);
    const older = await storedOf(run, id);
    simulator.setUser(users(id), { presence: 'On Queue', routingStatus: 'IDLE' });
    await becomes(id, { status: 'AVAILABLE' });
    const { facets } = await agentAt(eu, id);
    for (const left of [older, { header: '', facets: '' }]) {
      await putBack(run, id, left);
      expect((await agentAt(eu, id)).status).not.toBe('AVAILABLE');
      await becomes(id, { status: 'AVAILABLE', facets });
    }
  });
});

describe('a queue that does not agree with the records', () => {
  it('is put right by the region itself', async () => {
    const id = userIds[1] as string;
    const queues = ['queue:{main}:global', 'queue:{main}:genesys-eu:nowhere'] as const;
    const places = async () => Promise.all(queues.map((queue) => inStore(us, 'ZSCORE', queue, id)));
    const right = await places();
    await inStore(us, 'ZREM', queues[0], id);
    await inStore(us, 'ZADD', queues[1], '1', id);
    await vi.waitFor(async () => expect(await places()).toEqual(right), { timeout: 45_000, interval: 100 });
    const repairs = async () => (await fetch(`${us.url}/metrics`)).text();
    await vi.waitFor(async () => {
      for (const kind of ['missing', 'ghost']) {
        expect(await repairs()).toContain(`muster_align_repairs_total{domain="main",kind="${kind}",region="us"} 1`);
      }
    }, 20_000);
    const { domains } = (await ask(`${us.url}/v1/connections`)).body;
    expect(domains).toMatchObject([
      { domain: 'main', alignment: { instance: expect.stringMatching(/^us-/), records: 12 } },
    ]);
  });
});

describe('a user whom the platform deletes while nobody looks', () => {
  it('is offline everywhere once somebody looks again', async () => {
    const id = userIds[2] as string;
    simulator.setUser(users(id), { presence: 'On Queue', routingStatus: 'IDLE' });
    await becomes(id, { status: 'AVAILABLE' });
    await eu.processes[0]?.signal('SIGTERM');
    simulator.deleteUser(users(id));
    await eu.spawn();
    await becomes(id, { status: 'OFFLINE', reason: 'INACTIVE' });
    await vi.waitFor(async () => expect(await reconciliation()).toMatchObject({ checked: 11, differed: 0 }), 20_000);
  });
});

describe('an agent of the connection whom the platform never had', () => {
  it('is offline once the platform has been asked', async () => {
    const id = 'genesys-eu:made,up';
    const event = {
      event_id: 'made-up',
      timestamp: RECENTLY_MS,
      agent_id: id,
      status: 'AVAILABLE',
    };
    expect((await ask(`${us.url}/v1/events`, 'POST', event)).status).toBe(202);
    await becomes(id, { status: 'OFFLINE', reason: 'INACTIVE' });
  });
});

describe('GET /v1/connections', () => {
  it('tells at every instance of the home who runs a connection and what the last reconciliation found', async () => {
    const other = await eu.spawn();
    const runs = expect.stringMatching(/^eu-/);
    await vi.waitFor(async () => {
      const [first, second] = await Promise.all([eu.url, other.url].map((url) => ask(`${url}/v1/connections`)));
      expect(first?.body.connections).toEqual([
        {
          connection: 'genesys-eu',
          platform: 'genesys',
          home: 'eu',
          domain: 'main',
          ingest: {
            instance: runs,
            health: { connected: true, agents: 11, read_age_ms: expect.any(Number) },
            reconciliation: {
              at: expect.any(Number),
              took_ms: expect.any(Number),
              checked: 11,
              differed: 0,
              by_kind: {},
              overruled: 0,
            },
          },
        },
      ]);
      expect(second?.body.connections[0].ingest.instance).toBe(first?.body.connections[0].ingest.instance);
    }, 20_000);
    const { connections } = (await ask(`${us.url}/v1/connections`)).body;
    expect(connections).toEqual([{ connection: 'genesys-eu', platform: 'genesys', home: 'eu', domain: 'main' }]);
  });

  it('says why a reconciliation ended early', async () => {
    simulator.faults({ missingPermissions: ['directory:user:view'], closeSockets: 1006 });
    await vi.waitFor(async () => expect((await reconciliation()).failed).toContain('directory:user:view'), {
      timeout: 45_000,
      interval: 100,
    });
  });
});
