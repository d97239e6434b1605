import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { settle } from '../../src/routing/claims/settle.ts';
import { type Bookmark, readBookmark } from '../../src/routing/consistency/bookmark.ts';
import { Follower, type KeepAlive, type ResumableEvent, type StreamFilter } from '../../src/routing/lookup/follow.ts';
import type { Region } from '../../src/routing/region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { SOON } from '../fixtures/soon.ts';
import { type MemoryRegions, memoryRegions, START_MS, type TestRegion } from './memory-regions.ts';
import { bringOnDuty, claimFor } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
let stopping: AbortController;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu } = regions);
  stopping = new AbortController();
  await bringOnDuty([eu], 'desk:1', 'desk:2', 'away:1', 'shop:1');
});
afterEach(() => stopping.abort());

interface Told {
  topics?: StreamFilter['topics'];
  home?: string;
  from?: Bookmark;
  region?: Region;
}

/** Follows what is asked for. @returns what came first, and a function for what comes next */
async function follow({ topics = new Set(['claim']), home, from, region = eu.region }: Told = {}) {
  const follower = await Follower.open(region, { topics, home }, from);
  const news = follower.events(stopping.signal);
  const next = async (): Promise<(ResumableEvent | KeepAlive)[]> => (await news.next()).value ?? [];
  return { first: await next(), next };
}

const events = (news: (ResumableEvent | KeepAlive)[]): string[] => news.map(({ event }) => event);
const bookmarkOf = (news: (ResumableEvent | KeepAlive)[]): Bookmark => readBookmark(news.at(-1)?.id ?? '');

describe('whoever follows from a bookmark', () => {
  it('is told all that came since, once', async () => {
    const { first } = await follow();
    expect(events(first)).toEqual(['keep-alive']);
    await claimFor(eu, 'call-1');
    await claimFor(eu, 'call-2', { queue: 'deals' });
    const { first: again, next } = await follow({ from: bookmarkOf(first) });
    expect(events(again)).toEqual(['keep-alive']);
    const [main, sales] = [await next(), await next()];
    expect(main).toMatchObject([{ event: 'claim', data: { call_id: 'call-1', agent_id: 'desk:1' } }]);
    expect(sales).toMatchObject([{ event: 'claim', data: { call_id: 'call-2', agent_id: 'shop:1' } }]);
    const later = await follow({ from: bookmarkOf(main) });
    expect(await later.next()).toMatchObject([{ event: 'claim', data: { call_id: 'call-2' } }]);
  });

  it('must read everything anew where it is of another region, or lacks a domain', async () => {
    const { first } = await follow();
    const { positions } = bookmarkOf(first);
    positions.delete('sales');
    for (const from of [
      { region: 'us', positions: bookmarkOf(first).positions },
      { region: 'eu', positions },
    ]) {
      const { first: lost } = await follow({ from });
      expect(lost).toMatchObject([{ event: 'reset', data: { why: 'gone' } }, { event: 'keep-alive' }]);
    }
  });

  it('must do so as well where what followed is not known any more, and goes on from now', async () => {
    const { first } = await follow();
    const from = bookmarkOf(first);
    from.positions.set('main', '99999-0');
    const { first: quiet, next } = await follow({ from });
    expect(events(quiet)).toEqual(['keep-alive']);
    const reset = await next();
    expect(reset).toMatchObject([{ event: 'reset' }]);
    expect(bookmarkOf(reset)).toEqual(bookmarkOf(first));
    await claimFor(eu, 'call-1');
    expect(await next()).toMatchObject([{ event: 'claim', data: { call_id: 'call-1' } }]);
  });
});

describe('whoever follows a domain in which too much waits for the bus', () => {
  it('must read everything anew after changes that were not noted, but not all the time', async () => {
    const full = new MemoryStore(eu.memory, eu.region.config, 1);
    let at = START_MS;
    const change = () => full.agents.apply('desk:1', { presence: { state: 'PAUSED', at: ++at, id: `p${at}` } });
    const { next } = await follow();
    await change();
    expect(await next()).toMatchObject([{ event: 'reset', data: { why: 'gone' } }]);
    const resetMs = regions.clock.nowMs();
    await change();
    let again: { atMs: number; news: (ResumableEvent | KeepAlive)[] } | undefined;
    void next().then((news) => {
      again = { atMs: regions.clock.nowMs(), news };
    });
    const passed = () => {
      if (!again) regions.clock.pass(500);
      return again;
    };
    await expect.poll(passed, { ...SOON, interval: 120 }).toMatchObject({ news: [{ event: 'reset' }] });
    expect((again?.atMs ?? 0) - resetMs).toBeGreaterThanOrEqual(5000);
    expect(bookmarkOf(again?.news ?? []).positions.get('main')).toBe(await full.changes.latest('main'));
  });
});

describe('whoever follows agents', () => {
  it('is told each as it is now, however often it changed, and every move of its claim', async () => {
    const { next } = await follow({ topics: new Set(['claim', 'agent']) });
    const { claim } = await claimFor(eu, 'call-1');
    regions.clock.pass(1000);
    await settle(eu.region, claim.claim_id, 'release');
    const news = await next();
    expect(events(news)).toEqual(['claim', 'claim', 'agent']);
    expect(news).toMatchObject([
      { data: { state: 'HELD', expires_in_ms: 0 } },
      { data: { state: 'ENDED', end_reason: 'released', expires_in_ms: 0 } },
      { data: { agent_id: 'desk:1', status: 'AVAILABLE' } },
    ]);
    // The id is that of a whole change: who has one alone of its two news is told both again.
    expect(news.map(({ id }) => id !== undefined)).toEqual([true, false, true]);
  });

  it('is told how long a claim still holds its agent', async () => {
    const { next } = await follow();
    const { claim } = await claimFor(eu, 'call-1');
    regions.clock.pass(4000);
    expect(await next()).toMatchObject([{ data: { state: 'HELD', expires_in_ms: 6000 } }]);
    await settle(eu.region, claim.claim_id, 'renew');
    await settle(eu.region, claim.claim_id, 'confirm');
    const { confirmedMs } = eu.region.config.claims;
    // What has moved on since holds nobody any more.
    expect(await next()).toMatchObject([
      { data: { state: 'HELD', expires_in_ms: 0 } },
      { data: { state: 'CONFIRMED', expires_in_ms: confirmedMs } },
    ]);
  });

  it('is told of one home only where that is asked for', async () => {
    const { next } = await follow({ topics: new Set(['agent']), home: 'us' });
    await bringOnDuty([eu], 'desk:3', 'away:2');
    expect(await next()).toMatchObject([{ event: 'agent', data: { agent_id: 'away:2' } }]);
  });
});

describe('whoever follows regions', () => {
  it('is told how each stands, and again when that changes', async () => {
    const { first, next } = await follow({ topics: new Set(['region']) });
    expect(first).toMatchObject([
      { event: 'region', data: { region: 'eu', state: 'fresh', age_ms: 0, reachable: true } },
      { event: 'region', data: { region: 'us', state: 'fresh', age_ms: 0, reachable: true } },
      { event: 'keep-alive' },
    ]);
    eu.peers.way = 'away';
    const us = { region: 'us', state: 'fresh', reachable: false };
    expect(await next()).toMatchObject([{ event: 'region', data: us }, { event: 'keep-alive' }]);
    regions.clock.pass(31_000);
    expect(await next()).toMatchObject([{ event: 'region', data: { ...us, state: 'stale' } }, { event: 'keep-alive' }]);
  });
});

describe('while nothing happens', () => {
  it('it is told after ten seconds how far that is', async () => {
    const { first, next } = await follow();
    const later = next();
    regions.clock.pass(10_000);
    const quiet = await later;
    expect(events(quiet)).toEqual(['keep-alive']);
    expect(bookmarkOf(quiet)).toEqual(bookmarkOf(first));
  });

  it('the end comes at once when it is given', async () => {
    const { next } = await follow();
    const ended = next();
    stopping.abort();
    expect(await ended).toEqual([]);
  });
});

describe('while a shard is away', () => {
  it.each(['changes', 'getAll'])('nothing of it is told, and all of it afterwards: %s', async (what) => {
    const { next } = await follow();
    await claimFor(eu, 'call-1');
    let failures = 0;
    eu.during.turn = (at) => {
      if (at === `${what} asked` && ++failures <= 2) throw new ShardUnavailable('away');
    };
    expect(await next()).toMatchObject([{ event: 'claim', data: { call_id: 'call-1' } }]);
    expect(failures).toBeGreaterThan(2);
  });
});

describe('a change that nobody can make sense of', () => {
  it('is passed over, and told of once, however many follow', async () => {
    const agentRead = vi.fn(({ agent }: { agent: string }) => {
      if (agent === 'desk:1') throw new TypeError('cannot be read');
    });
    const region = { ...eu.region, history: { agentRead } } as unknown as Region;
    const topics = new Set(['agent'] as const);
    const followers = [await follow({ topics, region }), await follow({ topics, region })];
    await bringOnDuty([eu], 'desk:1');
    (await eu.store.agents.apply('desk:1', { presence: { state: 'OFF_DUTY', at: 9e12, id: 'x' } })).evenIfLost();
    await bringOnDuty([eu], 'desk:4');
    for (const { next } of followers) expect(await next()).toMatchObject([{ data: { agent_id: 'desk:4' } }]);
    expect(eu.logged.filter(({ key }) => key === 'desk:1')).toHaveLength(1);
  });
});
