import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask, type Regions, startRegions } from '../fixtures/regions.ts';

let simulator: CxoneSimulator;
let regions: Regions;
let url: string;

beforeAll(async () => {
  simulator = await startCxoneSimulator({ agents: 4, queues: 1, paused: true });
  const settings = { issuerUrl: simulator.url, ...simulator.credentials, requestsPerMinute: 600 };
  regions = await startRegions({
    names: ['eu', 'us'],
    instances: 2,
    replicas: false,
    config: {
      connections: {
        cx: { platform: 'cxone', home: 'eu', ...settings },
        far: { platform: 'cxone', home: 'us', ...settings },
        crm: { platform: 'events', home: 'eu' },
      },
      queues: {},
      // Nothing is read again by itself while this runs.
      reconcile: { intervalMs: 600_000 },
    },
  });
  url = regions.all[0]?.url ?? '';
});
afterAll(async () => {
  await regions?.stop();
  await simulator?.stop();
});

const reconcile = (connection: string, at = url) => ask(`${at}/v1/connections/${connection}/reconcile`, 'POST');
async function lastReading(): Promise<number> {
  const { body } = await ask(`${url}/v1/connections`);
  return body.connections.find(({ connection }: { connection: string }) => connection === 'cx').ingest.reconciliation
    .at;
}

test('whichever instance is asked, the one that runs the connection reads the platform now', async () => {
  for (const { url: instance } of regions.all[0]?.processes ?? []) {
    const before = await lastReading();
    expect(await reconcile('cx', instance)).toMatchObject({ status: 202, body: { connection: 'cx', region: 'eu' } });
    await vi.waitFor(async () => expect(await lastReading()).toBeGreaterThan(before), {
      timeout: 45_000,
      interval: 100,
    });
  }
});

test('a platform’s agent is not forgotten on anybody else’s word, in whatever region', async () => {
  for (const id of ['cx:1', 'far:1']) {
    const { agents } = (await ask(`${url}/v1/agents?limit=200`)).body as { agents: { agent_id: string }[] };
    const agentId = agents.find(({ agent_id }) => agent_id.startsWith(id.slice(0, -1)))?.agent_id ?? '';
    expect(agentId).not.toBe('');
    expect(await ask(`${url}/v1/agents/${encodeURIComponent(agentId)}`, 'DELETE')).toMatchObject({
      status: 409,
      body: { code: 'agent_of_platform' },
    });
  }
});

test('what is not read here is refused, with where it is', async () => {
  expect(await reconcile('far')).toMatchObject({ status: 421, body: { code: 'not_homed_here', home: 'us' } });
  for (const name of ['crm', 'nobody', '__proto__'])
    expect(await reconcile(name)).toMatchObject({ status: 404, body: { code: 'unknown_connection' } });
});
