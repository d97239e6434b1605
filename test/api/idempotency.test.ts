import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, eventOf, type Regions, startRegions, TOOK_EFFECT } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const SINCE_MS = RECENTLY_MS;
let regions: Regions;
let eu: string;
let beside: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], instances: 2, replicas: false });
  [eu, beside] = (regions[0]?.processes ?? []).map(({ url }) => url) as [string, string];
  await bringOnDuty(regions.all[0] as never, 4, regions.all, SINCE_MS);
});
afterAll(() => regions?.stop());

async function send(url: string, path: string, key: string, body: unknown) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return {
    status: answer.status,
    replayed: answer.headers.get('idempotent-replayed'),
    age: answer.headers.get('age'),
    token: answer.headers.get('muster-consistency'),
    // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
    body: (await answer.json()) as any,
  };
}

const claim = (call_id: string) => ({ queue: 'support', call_id });

describe('a write with a key', () => {
  it('is answered as before when it comes again, at any instance, though it would be answered otherwise now', async () => {
    const first = await send(eu, '/v1/claims', 'one', claim('one'));
    expect(first).toMatchObject({ status: 201, replayed: null, age: null });
    const path = `/v1/claims/${first.body.claim_id}/complete`;
    const ended = await send(eu, path, '"one, over"', {});
    for (const url of [eu, beside]) {
      expect(await send(url, '/v1/claims', 'one', claim('one'))).toEqual({
        ...first,
        replayed: 'true',
        age: expect.stringMatching(/^\d+$/),
      });
      expect(await send(url, path, '"one, over"', {})).toMatchObject({ body: ended.body, replayed: 'true' });
    }
    const event = eventOf('crm-eu:e', 'AVAILABLE', SINCE_MS);
    const told = await send(beside, '/v1/events', 'told', event);
    expect(told).toMatchObject({ status: 202, replayed: null });
    expect(told.body.events).toEqual([{ event_id: event.event_id, outcome: expect.stringMatching(TOOK_EFFECT) }]);
    for (const url of [beside, eu])
      expect(await send(url, '/v1/events', 'told', event)).toMatchObject({ body: told.body, replayed: 'true' });
  });

  it('is refused where the key was that of another, and nothing is done', async () => {
    await send(eu, '/v1/claims', 'two', claim('two'));
    for (const [path, body] of [
      ['/v1/claims', claim('another')],
      ['/v1/events', claim('two')],
    ] as const) {
      const { status, body: problem } = await send(beside, path, 'two', body);
      expect({ status, code: problem.code }).toEqual({ status: 422, code: 'idempotency_key_reused' });
    }
    expect((await send(eu, '/v1/claims', 'another', claim('another'))).status).toBe(201);
  });

  it('is carried out anew where it was a problem', async () => {
    const asked = { queue: 'crm-eu:late', call_id: 'late' };
    expect((await send(eu, '/v1/claims', 'late', asked)).status).toBe(409);
    const profile = { queues: ['crm-eu:late'], skills: {} };
    await send(eu, '/v1/events', 'duty', eventOf('crm-eu:l', 'AVAILABLE', SINCE_MS, { profile }));
    expect(await send(eu, '/v1/claims', 'late', asked)).toMatchObject({ status: 201, replayed: null });
  });

  it('is carried out once, however many come at the same time', async () => {
    const event = eventOf('crm-eu:at-once', 'AVAILABLE', SINCE_MS);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => send(i % 2 ? eu : beside, '/v1/events', 'at-once', event)),
    );
    const told = all.filter(({ status }) => status === 202).map(({ body }) => body.events[0].outcome);
    // `applied`, or `duplicate` where the bus was quicker; but all the same.
    expect(new Set(told).size).toBe(1);
    expect(all.filter(({ status, replayed }) => status === 202 && replayed === null)).toHaveLength(1);
    for (const { status, body } of all) if (status !== 202) expect(body.code).toBe('idempotency_key_in_use');
    await vi.waitFor(async () => expect((await send(eu, '/v1/events', 'at-once', event)).replayed).toBe('true'), SOON);
  });

  it.each(['', 'ä', '"', 'a b', 'x'.repeat(256)])('is refused where the key is %j', async (key) => {
    const answer = await fetch(`${eu}/v1/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(claim('x')),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ field: 'idempotency-key' }] });
  });
});
