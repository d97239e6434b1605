import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readToken, writeToken } from '../../src/routing/consistency/token.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, eventOf, type Process, type Regions, startRegions } from '../fixtures/regions.ts';
import { say } from '../fixtures/tokens.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: [string, string];
let us: [string, string];
let at = sinceMs + 60_000;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], instances: 2, replicas: false });
  const urls = regions.all.map(({ processes }) => processes.map(({ url }) => url) as [string, string]);
  [eu, us] = urls as [[string, string], [string, string]];
  await bringOnDuty(regions.all[0] as Regions[0], 60, regions.all, sinceMs);
});
afterAll(() => regions.stop());

const agent = (i: number): string => `crm-eu:${i}`;
const pathOf = (id: string): string => `/v1/agents/${encodeURIComponent(id)}`;

/** Writes statuses, later than any before. */
const write = (url: string, status: string, ids: string[], more: object = {}) =>
  say(`${url}/v1/events`, { body: ids.map((id) => eventOf(id, status, ++at, more)) });

const signalAll = (signal: NodeJS.Signals, processes: Process[]) =>
  Promise.all(processes.map((each) => each.signal(signal)));

describe('every write', () => {
  it('answers with a token: events, claims, both forms of claiming, settlements', async () => {
    const event = await write(eu[0], 'AVAILABLE', [agent(0)]);
    expect(readToken(event.token)).toMatchObject({ region: 'eu' });
    const claimed = await say(`${us[0]}/v1/claims`, { body: { queue: 'support', call_id: 'a', budget_ms: 3000 } });
    expect([...readToken(claimed.token).agents]).toEqual([
      [
        claimed.body.agent_id,
        { claims: { voice: { fence: claimed.body.fence, state: 'HELD', untilMs: claimed.body.until } } },
      ],
    ]);
    const got = await say(`${us[1]}/agents/available?queue=support&call_id=b&budget_ms=3000`);
    expect(readToken(got.token).region).toBe('eu');
    const claim = `/v1/claims/${encodeURIComponent(claimed.body.claim_id)}`;
    const confirmed = await say(`${us[1]}${claim}/confirm`, { body: {} });
    for (const url of [...eu, ...us]) {
      expect((await say(`${url}${claim}`, { token: confirmed.token })).body).toMatchObject({ state: 'CONFIRMED' });
    }
    const released = await say(`${eu[1]}${claim}/release`, { body: {} });
    const both = `${confirmed.token}, ${released.token}`;
    for (const url of [...us, ...eu]) {
      expect((await say(`${url}${claim}`, { token: both })).body).toMatchObject({ state: 'ENDED' });
    }
  });

  it('and what is no token of these regions is refused, naming the header', async () => {
    const { body: claimed } = await say(`${eu[0]}/v1/claims`, { body: { queue: 'support', call_id: 'of-a-claim' } });
    const claim = `/v1/claims/${encodeURIComponent(claimed.claim_id)}`;
    const foreign = writeToken({ region: 'ap', agents: new Map(), positions: new Map() });
    for (const token of ['x', foreign, 'a'.repeat(9000)]) {
      for (const path of [pathOf(agent(0)), '/agents/available', '/v1/queues/support', claim]) {
        const { status, body } = await say(`${eu[0]}${path}`, { token });
        expect(status).toBe(400);
        expect(body).toMatchObject({ code: 'invalid_request', errors: [{ field: 'muster-consistency' }] });
      }
    }
  });
});

describe('a read that carries a token', () => {
  it('never sees the past, at any instance, whatever it asks for', async () => {
    for (let round = 0; round < 40; round++) {
      const [from, to] = [eu[round % 2] as string, us[(round >> 1) % 2] as string];
      const status = round % 4 < 2 ? 'OFFLINE' : 'AVAILABLE';
      const { token } = await write(from, status, [agent(51)], { profile: { queues: ['crm-eu:one'], skills: {} } });
      const [read, found, queue] = await Promise.all([
        say(`${to}${pathOf(agent(51))}`, { token }),
        say(`${to}/agents/available?queue=crm-eu:one`, { token }),
        say(`${to}/v1/queues/crm-eu:one`, { token }),
      ]);
      expect(read).toMatchObject({ status: 200, body: { status } });
      expect(found.body.agents.length).toBe(status === 'AVAILABLE' ? 1 : 0);
      expect(queue.body.in_line).toBe(status === 'AVAILABLE' ? 1 : 0);
    }
  });

  it('comes after a batch, too, of which the token says only how far the change streams must be applied', async () => {
    const ids = Array.from({ length: 40 }, (_, i) => agent(10 + i));
    for (const status of ['OFFLINE', 'AVAILABLE', 'OFFLINE', 'AVAILABLE']) {
      const { token } = await write(eu[0], status, ids);
      expect(readToken(token)).toMatchObject({ region: 'eu', agents: new Map() });
      const reads = [...us, ...eu].flatMap((url) => ids.map((id) => say(`${url}${pathOf(id)}`, { token })));
      const past = (await Promise.all(reads)).filter(({ body }) => body.status !== status);
      expect(past.map(({ body }) => body.agent_id)).toEqual([]);
    }
  });

  it('is answered where the write was taken at once, and by that region for another one that never hears of it', async () => {
    const ahead = (part: string) =>
      writeToken({ region: 'eu', agents: new Map(), positions: new Map([[part, '4000000000000-0']]) });
    const token = ahead('main/3');
    expect(await say(`${eu[0]}/v1/queues/support`, { token })).toMatchObject({ status: 200, by: 'eu' });
    expect(await say(`${us[0]}/v1/queues/support`, { token })).toMatchObject({ status: 200, by: 'eu' });
    const claiming = await say(`${us[0]}/agents/available?queue=support&call_id=ahead`, { token });
    expect(claiming.status).toBe(409);
    expect(claiming.body.missing).toEqual([{ region: 'eu', domain: 'main', partitions: [3] }]);
  });
});

describe('while the bus does not answer', () => {
  beforeAll(() => regions.bus.kill('SIGSTOP'));
  afterAll(() => regions.bus.kill('SIGCONT'));

  it('a read is answered by the region that has the write, and the local copy is corrected by it', async () => {
    const { token } = await write(eu[0], 'OFFLINE', [agent(52)]);
    const path = pathOf(agent(52));
    expect(await say(`${us[0]}${path}`)).toMatchObject({ body: { status: 'AVAILABLE' }, by: null });
    expect(await say(`${us[0]}${path}`, { token })).toMatchObject({ body: { status: 'OFFLINE' }, by: 'eu' });
    expect(await say(`${us[1]}${path}`, { token })).toMatchObject({ body: { status: 'OFFLINE' }, by: 'us' });

    const fresh = await write(eu[1], 'AVAILABLE', ['crm-eu:new'], { profile: { queues: ['crm-eu:new'], skills: {} } });
    expect((await say(`${us[1]}${pathOf('crm-eu:new')}`)).status).toBe(404);
    const found = await say(`${us[1]}/agents/available?queue=crm-eu:new`, { token: fresh.token });
    expect(found).toMatchObject({ status: 200, by: 'eu', body: { agents: [{ agent_id: 'crm-eu:new' }] } });
    expect(await say(`${us[1]}${pathOf('crm-eu:new')}`, { token: fresh.token })).toMatchObject({ status: 200 });
  });

  it('what has piled up is behind a read only when all of it has been applied, in whatever portions it comes', async () => {
    const life = Array.from({ length: 999 }, (_, i) => eventOf('crm-eu:deep', i % 2 ? 'AVAILABLE' : 'OFFLINE', ++at));
    const profile = { queues: ['crm-eu:deep'], skills: {} };
    const events = [...life, eventOf('crm-eu:deep', 'AVAILABLE', ++at, { profile })];
    const { status, token } = await say(`${eu[0]}/v1/events`, { body: events });
    expect(status).toBe(202);
    expect(readToken(token).positions.size).toBe(1);
    const look = () => say(`${us[0]}/agents/available?queue=crm-eu:deep`, { token });
    expect((await look()).by).toBe('eu');
    await regions.bus.kill('SIGCONT');
    let found = await look();
    while (found.by !== 'us') found = await look();
    expect(found.body.agents).toMatchObject([{ agent_id: 'crm-eu:deep' }]);
    await regions.bus.kill('SIGSTOP');
  });

  it('and where that region does not answer either the read is refused, with what is known and what is missing', async () => {
    const claimed = await say(`${eu[0]}/v1/claims`, { body: { queue: 'support', call_id: 'away' } });
    const unknown = await write(eu[0], 'AVAILABLE', ['crm-eu:unknown']);
    const many = await write(
      eu[1],
      'OFFLINE',
      Array.from({ length: 40 }, (_, i) => agent(10 + i)),
    );
    const processes = regions.all[0]?.processes ?? [];
    await signalAll('SIGSTOP', processes);
    try {
      const { agent_id, claim_id } = claimed.body;
      const read = await say(`${us[0]}${pathOf(agent_id)}`, { token: claimed.token });
      expect(read).toMatchObject({
        status: 409,
        body: {
          code: 'not_yet_consistent',
          detail: `this region does not have yet: the claim of agent "${agent_id}" as written in eu`,
          missing: [{ region: 'eu', agent_id, facets: ['claim'] }],
          known: { agent_id, status: 'AVAILABLE', home: 'eu' },
        },
      });
      const asked = [
        say(`${us[1]}/v1/claims/${encodeURIComponent(claim_id)}`, { token: claimed.token }),
        say(`${us[1]}${pathOf('crm-eu:unknown')}`, { token: unknown.token }),
        say(`${us[0]}/agents/available?queue=support`, { token: many.token }),
        say(`${us[0]}/agents/available?queue=support&call_id=no`, { token: many.token }),
        say(`${us[1]}/v1/queues/support`, { token: claimed.token }),
        say(`${us[1]}${pathOf(agent(10))}`, { token: many.token }),
      ];
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(asked.map(() => 409));
      // What the write is not about is answered, and so is whoever does not mind.
      expect(await say(`${us[0]}${pathOf(agent(53))}`, { token: claimed.token })).toMatchObject({ by: 'us' });
      expect((await ask(`${us[0]}${pathOf(agent_id)}`)).status).toBe(200);
    } finally {
      await signalAll('SIGCONT', processes);
    }
    await regions.bus.kill('SIGCONT');
    await vi.waitFor(
      async () => {
        const read = await say(`${us[0]}${pathOf(agent(10))}`, { token: `${many.token},${claimed.token}` });
        expect(read).toMatchObject({ body: { status: 'OFFLINE' }, by: 'us' });
      },
      { timeout: 45_000, interval: 200 },
    );
  });
});
