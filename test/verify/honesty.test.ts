import type { Witness } from '@muster/simulators/kit/witness';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { PROCESSING_MS } from '../../src/verify/surroundings.ts';
import type { WorldHistory } from '../../world/reports/world-history.ts';
import { evidence, failed, Histories, type Instance, outcome, SETTINGS } from './histories.ts';

const LAG_MS = 150;
/** Within this a change at the platform is to be in the home's copy. */
const DUE_MS = LAG_MS + PROCESSING_MS;

let world: Histories;
let outsider: WorldHistory;
let platform: Witness;
let eu: Instance;
let us: Instance;
beforeEach(() => {
  world = new Histories();
  outsider = world.outsider();
  platform = outsider.witness('cloud-eu');
  platform.notifies(LAG_MS);
  eu = world.instance('eu');
  us = world.instance('us');
});
afterEach(() => world.remove());

/** The platform's clock is behind by as much as a platform may be. */
const platformMs = () => world.now - 500;

/** Ann's presence changes now; answers what whoever has heard of it knows. */
function changed(what: 'presence' | 'routingStatus' = 'presence'): Facets {
  const atMs = platformMs();
  platform.changed({ userId: 'ann', what, value: 'IDLE', atMs });
  if (what === 'presence') return { presence: { state: 'ON_DUTY', at: atMs, id: 'e' } };
  return { activity: { state: 'IDLE', at: atMs, id: 'e' } };
}

const failures = async () => failed(await world.judge());

describe('honest-staleness', () => {
  it('takes an answer that holds all that its age promises', async () => {
    const first = changed();
    world.now += DUE_MS - 1;
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    world.now += 1;
    us.told('cloud-eu:ann', first, { home: 'eu' });
    world.now += 100;
    changed();
    world.now += 3000;
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: 3000 });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual([]);
    expect(outcome(verdict, 'honest-staleness')).toBe('kept');
  });

  it.each(['presence', 'routingStatus'] as const)('finds an answer without a %s that it should hold', async (what) => {
    const older = changed(what);
    world.now += 100;
    changed(what);
    world.now += DUE_MS + 700;
    us.told('cloud-eu:ann', older, { home: 'eu', ageMs: 700 });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['honest-staleness']);
    expect(evidence(verdict, 'honest-staleness')).toEqual([['world.jsonl:4', 'us-1.jsonl:2']]);
  });

  it('finds a home that has not heard, too', async () => {
    changed();
    world.now += DUE_MS;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });

  it('holds nothing against an answer that calls itself stale or of unknown age', async () => {
    changed();
    world.now += 60_000;
    us.told('cloud-eu:ann', {}, { home: 'eu', stale: true });
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: null });
    const verdict = await world.judge();
    expect([failed(verdict), outcome(verdict, 'honest-staleness')]).toEqual([[], 'not judged']);
  });

  it("gives the platform's own word no time to be heard in", async () => {
    platform.notifies(30_000);
    const first = changed();
    world.now += PROCESSING_MS + 200;
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: null, vouchedMs: 200 });
    expect(await failures()).toEqual([]);
    us = world.instance('us');
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: null, vouchedMs: 200 });
    us.told('cloud-eu:ann', {}, { home: 'eu', stale: true, vouchedMs: 201 });
    expect(evidence(await world.judge(), 'honest-staleness')).toHaveLength(1);
  });

  it('lets a failover take what no replica had, until all have followed for a while', async () => {
    outsider.store('eu', 'alone');
    changed();
    world.now += 60_000;
    eu.told('cloud-eu:ann', {});
    outsider.store('eu', 'replicated');
    world.now += 10_000;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual([]);
    eu = world.instance('eu');
    world.now += 10_000;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });

  it('takes answers whose last words are as old as the answer says and the caller allows', async () => {
    const first = changed();
    world.now += DUE_MS + 900;
    const limit = { maxAgeMs: 700, sinceMs: world.now - 100 };
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: 800, toldMs: 800, limit });
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: 4000, vouchedMs: 100, toldMs: 100, limit });
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: 4000, askedMs: 30, toldMs: 30, limit });
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: null, stale: true, askedMs: 30, toldMs: 30 });
    us.told('cloud-eu:ann', first, { home: 'eu', ageMs: null, stale: true, toldMs: null });
    const verdict = await world.judge();
    expect([failed(verdict), outcome(verdict, 'honest-staleness')]).toEqual([[], 'kept']);
  });

  it.each<[string, Parameters<Instance['told']>[2]]>([
    ['than the whole answer says', { ageMs: 802, toldMs: 800 }],
    ['than the whole answer says, of unknown age', { ageMs: null, stale: true, toldMs: 800 }],
    ['than the whole answer says, by the platform', { ageMs: 4000, vouchedMs: 102, toldMs: 100 }],
    ['than the whole answer says, by the home', { ageMs: 4000, askedMs: 102, toldMs: 100 }],
    ['than the caller allows', { ageMs: 802, toldMs: 802, limit: { maxAgeMs: 700, sinceMs: -100 } }],
    ['than the caller allows now', { ageMs: 2, toldMs: 2, limit: { maxAgeMs: 0, sinceMs: 0 } }],
  ])('finds a last word that is older %s', async (_what, { limit, ...telling } = {}) => {
    const since = limit && { limit: { ...limit, sinceMs: world.now + limit.sinceMs } };
    // Nobody else has to know the agent for that.
    us.told('crm:bob', {}, { home: 'eu', ...telling, ...since });
    expect(evidence(await world.judge(), 'honest-staleness')).toEqual([['us-1.jsonl:2']]);
  });

  it('finds an answer without what the home knew when it was asked, whatever else is said of its age', async () => {
    changed();
    world.now += DUE_MS + 50;
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: 9000, stale: true, askedMs: 50, toldMs: 50 });
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: 9000, stale: true, askedMs: 51, toldMs: 51 });
    expect(evidence(await world.judge(), 'honest-staleness')).toEqual([['world.jsonl:3', 'us-1.jsonl:2']]);
  });

  it('finds an answer without what its caller asked for, though it tells of no age', async () => {
    changed();
    world.now += DUE_MS + 500;
    const limit = { maxAgeMs: 400, sinceMs: world.now - 100 };
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: 9000, stale: true, limit });
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: 9000, stale: true, limit: { ...limit, maxAgeMs: 401 } });
    expect(evidence(await world.judge(), 'honest-staleness')).toEqual([['world.jsonl:3', 'us-1.jsonl:2']]);
  });

  it('cannot judge agents of a connection it knows nothing of', async () => {
    platform.changed({ userId: 'ann', what: 'presence', value: 'IDLE', atMs: 1 });
    world.now += 60_000;
    us.told('bob', {});
    us.told('cx:bob', {});
    expect(outcome(await world.judge(), 'honest-staleness')).toBe('not judged');
  });

  it('gives late notifications the time that the platform takes for them', async () => {
    platform.notifies(3000);
    changed();
    platform.notifies(LAG_MS);
    world.now += 3000 + PROCESSING_MS - 1;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual([]);
    eu = world.instance('eu');
    world.now += 1;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });

  it('adds the latency of the way to the platform', async () => {
    outsider.weather({ a: 'eu', b: 'cloud-eu', state: 'slow', latencyMs: 4000 });
    changed();
    world.now += 4000 + DUE_MS - 1;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual([]);
    eu = world.instance('eu');
    world.now += 1;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });

  it('lets the reconciler find what notifications have lost', async () => {
    platform.notifies(null);
    changed();
    world.now += SETTINGS.reconcile_ms;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual([]);
    eu = world.instance('eu');
    world.now += 20_000;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });

  it.each([
    ['is cut off from the platform', () => outsider.weather({ a: 'eu', b: 'cloud-eu', state: 'cut', latencyMs: 0 })],
    ['is dead', () => outsider.ended('eu', 'eu-1')],
  ])('asks nothing of a home that %s, and gives it time to come back', async (_what, begin) => {
    outsider.began('eu', 'eu-1');
    begin();
    changed();
    world.now += 120_000;
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    outsider.weather({ a: 'eu', b: 'cloud-eu', state: 'clear', latencyMs: 0 });
    outsider.began('eu', 'eu-1');
    world.now += 10_000;
    eu.told('cloud-eu:ann', {});
    expect(await failures()).toEqual([]);
    world.now += 120_000;
    world.instance('eu').told('cloud-eu:ann', {});
    expect(await failures()).toEqual(['honest-staleness']);
  });
});

describe('stale-marking', () => {
  const LATE_MS = SETTINGS.stale_ms + SETTINGS.heartbeat_ms + 2001;

  it.each([
    ['the region is cut off from the bus', () => outsider.weather({ a: 'us', b: 'bus', state: 'cut', latencyMs: 0 })],
    ['the home is', () => outsider.weather({ a: 'bus', b: 'eu', state: 'stalled', latencyMs: 0 })],
    ['the home is dead', () => outsider.ended('eu', 'eu-1')],
    ['the region takes nothing from the bus', () => outsider.bus('us', 'ignored')],
  ])('finds agents who are not called stale in time when %s', async (_how, begin) => {
    outsider.began('eu', 'eu-1');
    begin();
    world.now += LATE_MS - 1;
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    world.now += 1;
    eu.told('cloud-eu:ann', {});
    us.told('cloud-us:bob', {});
    us.told('cloud-eu:ann', {}, { home: 'eu', stale: true });
    us.told('cloud-eu:ann', {}, { home: 'eu', vouchedMs: 10 });
    expect(await failures()).toEqual([]);
    world.instance('us').told('cloud-eu:ann', {}, { home: 'eu' });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['stale-marking']);
    expect(evidence(verdict, 'stale-marking')).toEqual([['us-1.jsonl:7']]);
  });

  it('counts from the first thing that cut it off, until the last one has ended', async () => {
    const weather = (a: string, state: 'cut' | 'clear') => outsider.weather({ a, b: 'bus', state, latencyMs: 0 });
    weather('us', 'cut');
    world.now += LATE_MS / 2;
    weather('eu', 'cut');
    weather('us', 'clear');
    world.now += LATE_MS / 2;
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    weather('eu', 'clear');
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    expect(outcome(await world.judge(), 'stale-marking')).toBe('not judged');
  });

  it('does not mind one instance of several, or what is over', async () => {
    for (const name of ['eu-1', 'eu-2']) outsider.began('eu', name);
    outsider.ended('eu', 'eu-1');
    for (const phase of ['ignored', 'taken'] as const) outsider.bus('us', phase);
    world.now += LATE_MS;
    us.told('cloud-eu:ann', {}, { home: 'eu' });
    expect(outcome(await world.judge(), 'stale-marking')).toBe('not judged');
  });

  it('finds an answer that is too old by its own word', async () => {
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: SETTINGS.stale_ms });
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: SETTINGS.stale_ms + 1, stale: true });
    us.told('cloud-eu:ann', {}, { home: 'eu', ageMs: SETTINGS.stale_ms + 1 });
    expect(evidence(await world.judge(), 'stale-marking')).toEqual([['us-1.jsonl:4']]);
  });
});
