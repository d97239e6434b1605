import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { ask, bringOnDuty, type Regions, startRegions } from '../fixtures/regions.ts';

let regions: Regions;
let url: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], replicas: false });
  url = regions.all[0]?.url as string;
  await bringOnDuty(regions.all[0] as Regions['all'][number], 200, regions.all, systemClock.nowMs());
});
afterAll(() => regions?.stop());

/** Lookups without pause, so many at a time, until it is stopped. */
function flood(width: number) {
  const statuses = new Map<number, number>();
  let retryAfter: string | null = null;
  let stopped = false;
  const one = async (): Promise<void> => {
    while (!stopped) {
      const answer = await fetch(`${url}/agents/available?queue=crm-eu:support&limit=50&explain=true`);
      await answer.arrayBuffer();
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      retryAfter ??= answer.status === 503 ? answer.headers.get('retry-after') : null;
    }
  };
  const done = Promise.all(Array.from({ length: width }, one));
  return {
    count: (status: number) => statuses.get(status) ?? 0,
    retryAfter: () => retryAfter,
    statuses: () => [...statuses.keys()].sort(),
    stop: async () => {
      stopped = true;
      await done;
    },
  };
}

test('beyond its capacity an instance refuses lookups and goes on settling claims, and recovers', async () => {
  const claim = { queue: 'crm-eu:support', call_id: 'call-1' };
  const { body } = await ask(`${url}/v1/claims`, 'POST', claim);
  const { claim_id: id } = body as { claim_id: string };
  const load = flood(1_500);
  try {
    await vi.waitFor(() => expect(load.count(503)).toBeGreaterThan(0), { timeout: 30_000, interval: 10 });
    for (const settlement of ['confirm', 'renew', 'renew', 'complete'])
      expect(await ask(`${url}/v1/claims/${encodeURIComponent(id)}/${settlement}`, 'POST')).toMatchObject({
        status: 200,
      });
  } finally {
    await load.stop();
  }
  expect(load.retryAfter()).toBe('1');
  expect(load.statuses()).toEqual([200, 503]);
  await vi.waitFor(async () =>
    expect(await ask(`${url}/agents/available?queue=crm-eu:support`)).toMatchObject({ status: 200 }),
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/muster_shed_total\{[^}]*work="lookup"[^}]*\} [1-9]/);
  expect(metrics).not.toMatch(/muster_shed_total\{[^}]*work="settlement"[^}]*\} [1-9]/);
});
