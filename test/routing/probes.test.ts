import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { createLog } from '../../src/ops/log.ts';
import { Peers, PROBED } from '../../src/routing/peers/peers.ts';
import { LoopbackRegion } from './loopback-region.ts';
import { HandClock } from './memory-regions.ts';

const EVERY_MS = 1000;
const OURS = 'the key that signs here';

let us: LoopbackRegion;
let clock: HandClock;
let peers: Peers;
let logged: Record<string, unknown>[];
/** What happened to the questions for a beat: `asked us`, then the beat. */
let beats: unknown[];
/** What had happened last as each question reached the other region. */
let heard: unknown[];
/** What the other region answers next; each answer takes `tookMs`. */
let beat: { aheadMs: number; tookMs: number; more: object };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  us = await LoopbackRegion.start();
  clock = new HandClock();
  logged = [];
  beats = [];
  heard = [];
  beat = { aheadMs: 0, tookMs: 10, more: {} };
  us.answer = () => {
    heard.push(beats.at(-1));
    const time_ms = clock.nowMs() + beat.tookMs / 2 + beat.aheadMs;
    clock.pass(beat.tookMs);
    return { status: 200, body: { time_ms, beat: us.asked.length, claim_keys: [OURS], ...beat.more } };
  };
  peers = new Peers({
    exchange: OLDEST_EXCHANGE,
    region: 'eu',
    urls: { eu: 'http://127.0.0.1:1', us: us.url },
    ask: (region) => {
      beats.push(`asked ${region}`);
      return (number) => void beats.push(number);
    },
    claimKey: OURS,
    tokens: { for: async (region) => `for ${region}` },
    clock,
    log: createLog('info', 'eu', 'i', { write: (line) => void logged.push(JSON.parse(line)) }),
  });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await us.stop();
  await peers.stop();
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

/** Starts, or lets the time pass until the next probe, and waits until it was answered. */
async function probe(): Promise<void> {
  const known = beats.length;
  if (known === 0) peers.start();
  else vi.advanceTimersByTime(EVERY_MS);
  await until(() => beats.length === known + 2);
  await turn();
}

/** Lets a region fail so many probes. */
async function fail(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const known = us.asked.length;
    vi.advanceTimersByTime(EVERY_MS);
    await until(() => us.asked.length > known);
    await turn();
  }
}

const events = (): unknown[] => logged.map(({ event }) => event);

describe('a region that answers', () => {
  it('is known by its round trip, which leaves out how long it took to connect', async () => {
    expect([peers.rttMs('us'), peers.answersWithinMs('us')]).toEqual([undefined, Number.POSITIVE_INFINITY]);
    expect([peers.isReachable('us'), peers.isCutOff('us')]).toEqual([false, false]);
    us.answer = () => {
      clock.pass(us.asked.length === 1 ? 500 : 40);
      return { status: 200, body: { beat: 7 } };
    };
    await probe();
    expect([peers.rttMs('us'), peers.answersWithinMs('us')]).toEqual([40, 40]);
    expect([peers.isReachable('us'), peers.isCutOff('us')]).toEqual([true, false]);
    expect(us.asked.map(({ what }) => what)).toEqual([`GET ${PROBED}`, `GET ${PROBED}`]);
  });

  it('is asked for a beat once a second, with the token for it, and never the region itself', async () => {
    await probe();
    await probe();
    expect(beats).toEqual(['asked us', 2, 'asked us', 3]);
    // A beat proves something only if it was handed out after the question.
    expect(heard).toEqual([undefined, 'asked us', 'asked us']);
    expect(us.asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer for us'));
    expect(events()).toEqual([]);
    expect(peers.isReachable('eu')).toBe(false);
  });

  it('has no beat to give while its store is away', async () => {
    beat.more = { beat: null };
    peers.start();
    await until(() => peers.isReachable('us'));
    expect(beats).toEqual(['asked us']);
  });

  it('is warned of while its clock is off', async () => {
    expect(peers.clockOffsetMs('us')).toBeUndefined();
    beat = { aheadMs: 5000, tookMs: 20, more: {} };
    await probe();
    await probe();
    expect(peers.clockOffsetMs('us')).toBe(5000);
    expect(peers.warnings()).toEqual(["the clock of us is 5.0 s ahead of this instance's"]);
    expect(logged).toMatchObject([{ event: 'region_clock_differs', peer: 'us', offset_ms: 5000 }]);
    // The shortest round trip is believed.
    beat = { aheadMs: -40, tookMs: 2, more: {} };
    await probe();
    expect(peers.warnings()).toEqual([]);
    expect(logged[1]).toMatchObject({ event: 'region_clock_agrees', peer: 'us', offset_ms: -40 });
  });

  it('is warned of while it does not know the key that signs here', async () => {
    beat.more = { claim_keys: ['another'] };
    await probe();
    await probe();
    expect(peers.warnings()).toEqual([expect.stringMatching(/^us does not know the key .* see claims\.keys/)]);
    expect(logged).toMatchObject([{ event: 'claim_key_unknown', peer: 'us' }]);
    beat.more = {};
    await probe();
    expect(peers.warnings()).toEqual([]);
    expect(logged[1]).toMatchObject({ event: 'claim_key_known', peer: 'us' });
  });

  it('of an earlier version, which tells of no keys and no clock, is warned of for nothing', async () => {
    beat.more = { claim_keys: undefined, time_ms: undefined };
    await probe();
    expect(peers.warnings()).toEqual([]);
    expect(peers.clockOffsetMs('us')).toBeUndefined();
  });
});

describe('a region that does not answer', () => {
  const well = () => ({ status: 200, body: { beat: 99 } });

  it('is cut off after three probes, told once, and there again with the first that it answers', async () => {
    beat.aheadMs = 5000;
    await probe();
    us.answer = () => ({ status: 503, body: {} });
    await fail(2);
    expect([peers.isReachable('us'), peers.isCutOff('us')]).toEqual([true, false]);
    await fail(2);
    await until(() => peers.isCutOff('us'));
    expect(peers.isReachable('us')).toBe(false);
    expect([peers.rttMs('us'), peers.answersWithinMs('us')]).toEqual([undefined, Number.POSITIVE_INFINITY]);
    expect(peers.warnings()).toEqual([]);
    expect(logged.slice(1)).toMatchObject([{ event: 'region_unreachable', peer: 'us', reason: 'it answers 503' }]);
    us.answer = well;
    vi.advanceTimersByTime(EVERY_MS);
    await until(() => peers.isReachable('us'));
    expect(events()).toEqual(['region_clock_differs', 'region_unreachable', 'region_reachable']);
  });

  it('begins to count anew with each answer', async () => {
    await probe();
    for (let i = 0; i < 2; i++) {
      us.answer = () => ({ status: 503, body: {} });
      await fail(2);
      us.answer = well;
      const { length } = beats;
      vi.advanceTimersByTime(EVERY_MS);
      await until(() => beats.length > length && beats.at(-1) === 99);
    }
    expect(peers.isCutOff('us')).toBe(false);
    expect(events()).toEqual([]);
  });

  it.each([401, 403])('may not know who asks: that is told, where it answers %i', async (status) => {
    us.answer = () => ({ status, body: {} });
    peers.start();
    await fail(3);
    await until(() => peers.isCutOff('us'));
    expect(logged).toMatchObject([{ reason: `it answers ${status}: does it have the right keys of this region?` }]);
  });
});
