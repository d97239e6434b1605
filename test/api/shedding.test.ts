import { request } from 'undici';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { ask, bringOnDuty, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

let regions: Regions;
let url: string;

beforeAll(async () => {
  // A claim must outlive the search for the moment in which the instance is beyond its capacity.
  const config = { claims: { heldMs: 120_000 } };
  regions = await startRegions({ names: ['eu'], replicas: false, config });
  url = regions.all[0]?.url as string;
  await bringOnDuty(regions.all[0] as Regions['all'][number], 5, regions.all, systemClock.nowMs());
});
afterAll(() => regions?.stop());

/** As many events as a batch may have, all to be looked at, and none to be taken: work for the event loop alone. */
function tiresome(): string {
  const skills = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`skill-${i}`, 50]));
  const profile = { queues: ['crm-eu:support'], skills };
  const events = Array.from({ length: 1_000 }, (_, i) => eventOf(`crm-eu:${i}`, 'AVAILABLE', 1, { profile }));
  return JSON.stringify(events);
}

/** Sends without pause, so many at a time, until it is stopped. */
function flood(width: number) {
  const body = tiresome();
  let stopped = false;
  const one = async (): Promise<void> => {
    while (!stopped) {
      const headers = { 'content-type': 'application/json' };
      // Who is refused before the body has been read may find the connection closed.
      await request(`${url}/v1/events`, { method: 'POST', headers, body }).then(
        (answer) => answer.body.dump(),
        () => undefined,
      );
    }
  };
  const done = Promise.all(Array.from({ length: width }, one));
  return async () => {
    stopped = true;
    await done;
  };
}

test('beyond its capacity an instance refuses lookups and goes on settling claims, and recovers', async () => {
  const { body } = await ask(`${url}/v1/claims`, 'POST', { queue: 'crm-eu:support', call_id: 'call-1' });
  const claim = `${url}/v1/claims/${encodeURIComponent(body.claim_id)}`;
  const lookup = () => fetch(`${url}/agents/available?queue=crm-eu:support`);
  const stop = flood(32);
  try {
    await vi.waitFor(
      async () => {
        const answer = await lookup();
        expect(await answer.json()).toMatchObject({ status: 503, code: 'overloaded' });
        expect(answer.headers.get('retry-after')).toBe('1');
      },
      { timeout: 90_000, interval: 10 },
    );
    const settle = async (settlement: string) =>
      expect((await fetch(`${claim}/${settlement}`, { method: 'POST' })).status).toBe(200);
    // Where the machine itself has too much to do, the store may be late once. None is shed: the metrics show it.
    for (const settlement of ['confirm', 'renew', 'complete']) await vi.waitFor(() => settle(settlement), SOON);
  } finally {
    await stop();
  }
  await vi.waitFor(async () => expect((await lookup()).status).toBe(200), { timeout: 45_000, interval: 50 });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/muster_requests_shed_total\{[^}]*work="lookup"[^}]*\} [1-9]/);
  expect(metrics).not.toMatch(/muster_requests_shed_total\{[^}]*work="settlement"[^}]*\} [1-9]/);
});
