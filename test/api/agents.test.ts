import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const SINCE_MS = RECENTLY_MS;
const SUPPORT = 'crm-eu:support';
/** More than are looked at for one page. */
const CROWD = 1200;

let regions: Regions;
let eu: string;

beforeAll(async () => {
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: {
      domains: { main: {}, apart: {} },
      connections: {
        'crm-eu': { platform: 'events', home: 'eu' },
        'crm-us': { platform: 'events', home: 'us' },
        crowd: { platform: 'events', home: 'eu', domain: 'apart' },
      },
    },
  });
  eu = regions[0]?.url ?? '';
  const at = (i: number) => SINCE_MS + i * 1000;
  const profile = (skills: object) => ({ profile: { queues: [SUPPORT], skills } });
  await tell([
    ...['a', 'b', 'c', 'd'].map((id, i) => eventOf(`crm-eu:${id}`, 'AVAILABLE', at(i), profile({ billing: 20 * i }))),
    eventOf('crm-eu:e', 'BUSY', at(5), profile({ billing: 90, latin: 1 })),
    eventOf('crm-us:f', 'AVAILABLE', at(6)),
  ]);
  const crowd = Array.from({ length: CROWD }, (_, i) => eventOf(`crowd:${i}`, 'OFFLINE', at(i)));
  await tell(crowd.slice(0, 600));
  await tell(crowd.slice(600));
});
afterAll(() => regions?.stop());

async function tell(events: object[]): Promise<void> {
  const { status, body } = await ask(`${eu}/v1/events`, 'POST', events);
  expect(status, JSON.stringify(body)).toBe(202);
}

const list = (query: string) => ask(`${eu}/v1/agents?${query}`);
const idsOf = (body: { agents: { agent_id: string }[] }): string[] => body.agents.map(({ agent_id }) => agent_id);

/** Everybody, page by page. */
async function walk(query: string, between: (page: string[]) => Promise<void> = async () => undefined) {
  const pages: string[][] = [];
  let cursor = '';
  do {
    const { body } = await list(`${query}${cursor && `&cursor=${cursor}`}`);
    pages.push(idsOf(body));
    cursor = body.next ?? '';
    await between(pages.at(-1) ?? []);
  } while (cursor);
  return pages;
}

describe('the list of agents', () => {
  it.each<[string, string[]]>([
    ['status=AVAILABLE', ['crm-eu:a', 'crm-eu:b', 'crm-eu:c', 'crm-eu:d', 'crm-us:f']],
    ['status=BUSY', ['crm-eu:e']],
    ['queue=support', ['crm-eu:a', 'crm-eu:b', 'crm-eu:c', 'crm-eu:d', 'crm-eu:e']],
    ['queue=support&skill=billing:60', ['crm-eu:d', 'crm-eu:e']],
    ['skill=billing,latin', ['crm-eu:e']],
    ['home=us', ['crm-us:f']],
    ['home=us&stale=false', ['crm-us:f']],
    ['home=us&stale=true', []],
    ['queue=global&status=BUSY', ['crm-eu:e']],
  ])('of %s has those who fit', async (query, expected) => {
    expect((await walk(query)).flat()).toEqual(expected);
  });

  it('is turned page by page, each of as many as were asked for', async () => {
    expect(await walk('queue=support&limit=2')).toEqual([
      ['crm-eu:a', 'crm-eu:b'],
      ['crm-eu:c', 'crm-eu:d'],
      ['crm-eu:e'],
    ]);
  });

  it('meets who is there all along exactly once, whoever comes, changes or is claimed meanwhile', async () => {
    let news = 0;
    const all = await walk('limit=100', async (page) => {
      news += 1;
      const [first = 'crm-eu:a', last = 'crm-eu:a'] = [page[0], page.at(-1)];
      const later = SINCE_MS + 3_600_000 + news * 1000;
      await tell([
        eventOf(first, 'BUSY', later),
        eventOf(last, 'AVAILABLE', later),
        ...Array.from({ length: 40 }, (_, i) => eventOf(`crowd:new-${news}-${i}`, 'OFFLINE', later)),
      ]);
    });
    const met = all.flat();
    expect(new Set(met).size).toBe(met.length);
    const crowd = met.filter((id) => /^crowd:\d+$/.test(id));
    expect(crowd).toHaveLength(CROWD);
  });

  it('has short pages where few of many fit, and the last is the one without a next', async () => {
    const pages = await walk('status=AVAILABLE&queue=global&home=us&limit=50');
    expect(pages.flat()).toEqual(['crm-us:f']);
    expect(pages.length).toBeGreaterThan(1);
  });

  it.each([
    ['cursor=what', '/cursor'],
    ['limit=201', '/limit'],
    ['status=GONE', '/status'],
    ['skill=billing:x', '/skill'],
    ['stale=perhaps', '/stale'],
    ['colour=red', '/colour'],
  ])('is refused for %s, and says why', async (query, field) => {
    const { status, body } = await list(query);
    expect(status).toBe(400);
    expect(body.errors.map((each: { field: string }) => each.field)).toEqual([field]);
  });

  it('of a queue that is not known is refused', async () => {
    expect((await list('queue=nowhere')).body.code).toBe('unknown_queue');
  });
});

describe('the tag of an agent', () => {
  const read = (known?: string, url = eu) =>
    fetch(`${url}/v1/agents/crm-eu%3Ae`, known === undefined ? {} : { headers: { 'if-none-match': known } });

  it('is the same while nothing but ages changes, wherever the same is known', async () => {
    const first = await read();
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\//);
    const { age_ms: before } = (await (await read(undefined, regions[1]?.url)).json()) as { age_ms: number };
    await vi.waitFor(async () => {
      const { age_ms: now } = (await (await read(undefined, regions[1]?.url)).json()) as { age_ms: number };
      expect(now).not.toBe(before);
    }, SOON);
    for (const known of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
      const again = await read(known);
      expect(again.status).toBe(304);
      expect(again.headers.get('etag')).toBe(etag);
      expect(await again.text()).toBe('');
    }
  });

  it('is another when anything else has changed, so that the answer comes whole', async () => {
    const etag = (await read()).headers.get('etag') ?? '';
    await tell([eventOf('crm-eu:e', 'OFFLINE', SINCE_MS + 7_200_000)]);
    const changed = await read(etag);
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    expect(await changed.json()).toMatchObject({ status: 'OFFLINE' });
  });
});
