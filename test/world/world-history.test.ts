import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, expect, it, vi } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { WorldHistory } from '../../world/reports/world-history.ts';
import { SOON } from '../fixtures/soon.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-world-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

it('tells what happens on a platform, on the links and to instances, and can be judged', async () => {
  const history = new WorldHistory(join(dir, 'world.history.jsonl'));
  const lines = () =>
    readFileSync(history.file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  const notified = () => lines().flatMap(({ phase, within_ms }) => (phase === 'notifies' ? [within_ms] : []));
  history.settings({
    connections: { 'genesys-eu': { home: 'eu', authority: 'refuse' } },
    suspect_ms: 1,
    stale_ms: 2,
    heartbeat_ms: 3,
    reconcile_ms: 4,
    held_ms: 5,
    confirmed_ms: 6,
    replication: 'grant',
    budget_per_minute: 300,
  });
  const simulator = await startGenesysSimulator({ agents: 2, paused: true, witness: history.witness('genesys-eu') });
  expect(notified()).toEqual([150]);

  const client = await GenesysClient.login(simulator);
  const { entities } = (await client.call('GET', '/api/v2/users')).body;
  const user = simulator.setUser(entities[0].id, { presence: 'On Queue' });
  const changed = { op: 'platform', phase: 'changed', connection: 'genesys-eu', agent: `genesys-eu:${user.id}` };
  const [presence, activity] = lines().filter(({ phase }) => phase === 'changed');
  expect(presence).toMatchObject({ ...changed, facet: 'presence', value: 'On Queue' });
  expect(presence.version_at).toBe(Date.parse(user.presenceSince));
  expect(activity).toMatchObject({ ...changed, facet: 'activity', value: 'IDLE' });

  simulator.faults({ throttleNext: 1 });
  await client.call('GET', '/api/v2/users');
  const refused = expect.objectContaining({ op: 'platform', phase: 'request', status: 429, forced: true });
  await vi.waitFor(() => expect(lines()).toContainEqual(refused), SOON);
  simulator.faults({ delayEvents: 1, delayMs: 500 });
  expect(notified().at(-1)).toBe(650);
  simulator.faults({ closeSockets: 1006 });
  expect(notified().slice(-2)).toEqual([null, 650]);

  history.weather({ a: 'eu', b: 'bus', state: 'cut', latencyMs: 0 });
  history.ended('eu', 'eu-1');
  history.began('eu', 'eu-1');
  history.drained();
  history.converged({ differing: 1, differences: ['ann: presence'] });
  expect(lines().slice(-2)).toMatchObject([{ phase: 'drained' }, { differing: 1, examples: ['ann: presence'] }]);
  await simulator.stop();
  history.close();
  const { checks, counts } = await verify([history.file]);
  expect(checks.find(({ name }) => name === 'readable')?.violations).toEqual([]);
  expect([counts.regions, counts.processes]).toEqual([['eu'], 0]);
});
