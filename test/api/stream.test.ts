import { Compile } from 'typebox/schema';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentChange, ClaimChange, RegionChange, Reset } from '../../src/contract/stream.ts';
import { Listener } from '../fixtures/listener.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import {
  ask,
  bringOnDuty,
  eventOf,
  type Process,
  type Regions,
  startRegions,
  type TestRegion,
  TOOK_EFFECT,
} from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const SINCE_MS = RECENTLY_MS;
const SCHEMAS = { agent: AgentChange, claim: ClaimChange, region: RegionChange, reset: Reset };
const QUEUE = 'crm-eu:support';

let regions: Regions;
let eu: string;
/** The second instance of the same region. */
let beside: string;
const listeners: Listener[] = [];

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], instances: 2, replicas: false });
  [eu, beside] = (regions[0]?.processes ?? []).map(({ url }) => url) as [string, string];
  await bringOnDuty(regions.all[0] as never, 3, regions.all, SINCE_MS);
});
afterAll(() => regions?.stop());
afterEach(() => {
  for (const each of listeners.splice(0)) each.close();
});

async function listen(url: string, { query = '', after }: { query?: string; after?: string } = {}): Promise<Listener> {
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': after };
  const listener = await Listener.open(`${url}/v1/stream${query}`, headers);
  listeners.push(listener);
  await vi.waitFor(() => expect(listener.lastId).not.toBe(''), SOON);
  return listener;
}

let seconds = 0;
const tell = async (url: string, agentId: string, status: string): Promise<void> => {
  seconds += 1;
  const { body } = await ask(`${url}/v1/events`, 'POST', eventOf(agentId, status, SINCE_MS + 60_000 + seconds * 1000));
  expect(body.events[0].outcome).toMatch(TOOK_EFFECT);
};
const of = (id: string, status?: string) => (data: { agent_id: string; status: string }) =>
  data.agent_id === id && (status === undefined || data.status === status);

describe('a stream', () => {
  it('tells how the regions are, and then of every change, whichever instance of the region makes it', async () => {
    const all = await Promise.all([eu, beside].map((url) => listen(url)));
    for (const each of all) {
      expect((await each.next('region', ({ region }) => region === 'us')).data).toMatchObject({ state: 'fresh' });
    }
    await tell(eu, 'crm-eu:0', 'BUSY');
    await tell(regions[1]?.url ?? '', 'crm-us:0', 'AVAILABLE');
    for (const each of all) {
      await each.next('agent', of('crm-eu:0', 'BUSY'));
      await each.next('agent', of('crm-us:0', 'AVAILABLE'));
    }
  });

  it('tells of every claim from grant to end, and what it sends is as described', async () => {
    const listener = await listen(beside);
    const far = await listen(regions[1]?.url ?? '');
    const { body: claim } = await ask(`${eu}/v1/claims`, 'POST', { queue: QUEUE, call_id: 'told' });
    await ask(`${eu}/v1/claims/${claim.claim_id}/confirm`, 'POST', {});
    await ask(`${eu}/v1/claims/${claim.claim_id}/complete`, 'POST', {});
    for (const state of ['HELD', 'CONFIRMED', 'ENDED']) {
      const { data } = await listener.next('claim', (each) => each.state === state);
      expect(data).toMatchObject({
        claim_id: claim.claim_id,
        call_id: 'told',
        authority: { region: 'eu', mode: 'home' },
      });
    }
    await far.next('claim', (each) => each.claim_id === claim.claim_id && each.state === 'ENDED');
    for (const { event, data } of [...listener.heard, ...far.heard]) {
      const checker = Compile(SCHEMAS[event as keyof typeof SCHEMAS]);
      expect(checker.Errors(data)[1], event).toEqual([]);
    }
  });

  it('tells only of what it was asked for', async () => {
    const listener = await listen(eu, { query: '?events=agent&home=us' });
    await tell(eu, 'crm-eu:1', 'BUSY');
    await tell(regions[1]?.url ?? '', 'crm-us:1', 'AVAILABLE');
    await listener.next('agent', of('crm-us:1'));
    expect(listener.heard.map(({ event, data }) => [event, data.home])).toEqual([['agent', 'us']]);
  });

  it('goes on behind the last event that was seen, at any instance of the region', async () => {
    const first = await listen(eu, { query: '?events=agent' });
    await tell(eu, 'crm-eu:2', 'BUSY');
    await first.next('agent', of('crm-eu:2', 'BUSY'));
    first.close();
    await tell(eu, 'crm-eu:1', 'AVAILABLE');
    await tell(eu, 'crm-eu:2', 'AVAILABLE');
    const second = await listen(beside, { query: '?events=agent', after: first.lastId });
    await second.next('agent', of('crm-eu:2', 'AVAILABLE'));
    expect(second.heard.map(({ data }) => data.agent_id)).toEqual(['crm-eu:1', 'crm-eu:2']);
  });

  it('says to read everything anew where nobody knows what came meanwhile, and goes on from there', async () => {
    const elsewhere = await listen(regions[1]?.url ?? '');
    for (const after of [elsewhere.lastId, 'eu/main:1-0', 'eu/gone:1-0']) {
      const listener = await listen(eu, { after });
      expect((await listener.next('reset')).data).toEqual({ why: 'gone' });
      await tell(eu, 'crm-eu:0', 'BUSY');
      await listener.next('agent', of('crm-eu:0'));
      expect(listener.heard.filter(({ event }) => event === 'reset')).toHaveLength(1);
    }
  });

  it('is refused where the id is of no event', async () => {
    for (const after of ['17', 'eu/', 'eu/main:x', '%/main:1-0']) {
      const { status, body } = await refused(after);
      expect(status).toBe(400);
      expect(body.errors).toEqual([{ field: 'last-event-id', message: 'is not the id of an event of a stream' }]);
    }
  });

  it('is over at once when its instance shuts down, and goes on at another', async () => {
    const leaving = (await regions[0]?.spawn()) as Process;
    const listener = await listen(leaving.url, { query: '?events=agent' });
    await leaving.signal('SIGTERM');
    await listener.next('draining');
    await vi.waitFor(() => expect(listener.hasEnded).toBe(true), SOON);
    await tell(eu, 'crm-eu:1', 'BUSY');
    const next = await listen(eu, { query: '?events=agent', after: listener.lastId });
    await next.next('agent', of('crm-eu:1', 'BUSY'));
  });

  it('keeps no instance from ending that was still opening it', async () => {
    const leaving = (await regions[0]?.spawn()) as Process;
    const { redis } = regions[0] as TestRegion;
    await Promise.all(redis.nodes.map((node) => redis.freeze(node)));
    const opening = Promise.allSettled(
      Array.from({ length: 5 }, () => Listener.open(`${leaving.url}/v1/stream?events=agent`)),
    );
    // Answered without the store, and behind those.
    await fetch(`${leaving.url}/healthz`);
    const left = leaving.signal('SIGTERM');
    await Promise.all(redis.nodes.map((node) => redis.thaw(node)));
    for (const each of await opening) if (each.status === 'fulfilled') listeners.push(each.value);
    await left;
  });
});

async function refused(after: string) {
  const answer = await fetch(`${eu}/v1/stream`, { headers: { 'last-event-id': after } });
  // biome-ignore lint/suspicious/noExplicitAny: a problem
  return { status: answer.status, body: (await answer.json()) as any };
}
