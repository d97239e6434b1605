import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorldHistory } from '../../world/reports/world-history.ts';
import { evidence, failed, HELD_MS, Histories, type Instance, outcome, SETTINGS } from './histories.ts';

const ANN = 'cloud-eu:ann';

let world: Histories;
let outsider: WorldHistory;
let eu: Instance;
let us: Instance;
beforeEach(() => {
  world = new Histories();
  outsider = world.outsider();
  eu = world.instance('eu');
  us = world.instance('us');
});
afterEach(() => world.remove());

const failures = async () => failed(await world.judge());

/** Granted by this region, which is not the agent's home. */
function verified(instance: Instance, call: string, agent: string, fence: number): void {
  instance.granted(call, agent, fence, { mode: 'verified' });
}

describe('authority', () => {
  it('takes what the home granted, whoever tells of it, and what is granted in its stead', async () => {
    eu.granted('c1', ANN, 1);
    world.now += 10;
    us.granted('c1', ANN, 1, { home: 'eu' });
    eu.ended('release', ANN, 1);
    world.now += 10;
    verified(us, 'c2', ANN, 2);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual([]);
    expect(verdict.counts.claims).toMatchObject({ granted: 2, verified: 1 });
  });

  it('finds a region that grants another one’s agents', async () => {
    us.granted('c1', ANN, 1);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['authority']);
    expect(evidence(verdict, 'authority')).toEqual([['us-1.jsonl:2']]);
  });

  it('finds a region that says so of the home, which knows nothing of it', async () => {
    us.granted('c1', ANN, 1, { home: 'eu' });
    expect(await failures()).toEqual(['authority']);
  });

  it('finds a claim in the stead of a home whose connection allows none', async () => {
    verified(eu, 'c1', 'cloud-us:bob', 1);
    expect(await failures()).toEqual(['authority']);
  });

  it('holds nothing against regions whose histories are not there', async () => {
    us.granted('c1', 'ann', 1, { home: 'ap' });
    expect(await failures()).toEqual([]);
  });
});

describe('claims in a home’s stead', () => {
  it('may overlap the home’s, which proves nothing about fences and holders', async () => {
    eu.granted('c1', ANN, 7);
    world.now += 10;
    verified(us, 'c2', ANN, 6);
    world.now += 10;
    eu.kept('confirm', ANN, 7);
    us.kept('confirm', ANN, 6);
    world.now += 10;
    eu.ended('complete', ANN, 7);
    us.ended('complete', ANN, 6);
    expect(await failures()).toEqual([]);
  });

  it('may not overlap each other in one region', async () => {
    verified(us, 'c1', ANN, 1);
    world.now += 10;
    verified(us, 'c2', ANN, 2);
    expect(await failures()).toEqual(['exclusive']);
  });

  it('are refused to holders that the same region has passed over', async () => {
    verified(us, 'c1', ANN, 1);
    world.now += HELD_MS;
    verified(us, 'c2', ANN, 2);
    world.now += 10;
    us.ended('release', ANN, 1);
    expect(await failures()).toEqual(['stale-holder']);
  });

  it('grow in fence where one region grants them', async () => {
    verified(us, 'c1', ANN, 2);
    world.now += HELD_MS;
    verified(us, 'c2', ANN, 1);
    expect(await failures()).toEqual(['fence']);
  });
});

describe('conflicts', () => {
  /** Both hold Ann for two seconds. */
  function meet(): void {
    eu.granted('c1', ANN, 1);
    world.now += 10;
    verified(us, 'c2', ANN, 2);
    world.now += 2000;
    us.ended('release', ANN, 2);
  }

  it('finds two claims that met and that nobody reported', async () => {
    meet();
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['conflicts']);
    expect(evidence(verdict, 'conflicts')).toEqual([['eu-1.jsonl:2', 'us-1.jsonl:2']]);
  });

  it('is content with a report from anywhere, before or after', async () => {
    eu.history.conflict({
      agent: ANN,
      kept: { fence: 1, call: 'c1', region: 'eu' },
      lost: { fence: 2, call: 'c2', region: 'us' },
      overlap: 'certain',
    });
    meet();
    const verdict = await world.judge();
    expect([failed(verdict), outcome(verdict, 'conflicts')]).toEqual([[], 'kept']);
    expect(verdict.counts.conflicts).toEqual({ certain: 1, possible: 0 });
  });

  it('takes the claim that lost as ended from then on', async () => {
    eu.granted('c1', ANN, 10);
    verified(us, 'c2', ANN, 2);
    world.now += 2000;
    const lost = { fence: 2, call: 'c2', region: 'us' };
    eu.history.conflict({ agent: ANN, kept: { fence: 10, call: 'c1', region: 'eu' }, lost, overlap: 'certain' });
    world.now += 10;
    us.kept('confirm', ANN, 2);
    eu.ended('release', ANN, 10);
    world.now += 10;
    eu.granted('c3', ANN, 11);
    world.now += 2000;
    expect(await failures()).toEqual([]);
  });

  it('takes the report of a later claim of the home: the one that was met is not there any more', async () => {
    meet();
    const lost = { fence: 2, call: 'c2', region: 'us' };
    eu.history.conflict({ agent: ANN, kept: { fence: 11, call: 'c3', region: 'eu' }, lost, overlap: 'certain' });
    expect(await failures()).toEqual([]);
  });

  it('does not take the report of another pair', async () => {
    const lost = { fence: 3, call: 'c3', region: 'us' };
    const kept = { fence: 1, call: 'c1', region: 'eu' };
    eu.history.conflict({ agent: ANN, kept, lost, overlap: 'certain' });
    meet();
    expect(await failures()).toEqual(['conflicts']);
  });

  it('has nothing to judge where claims followed each other, or met for a moment', async () => {
    eu.granted('c1', ANN, 1);
    world.now += HELD_MS - 1000;
    verified(us, 'c2', ANN, 2);
    world.now += HELD_MS;
    eu.granted('c3', ANN, 3);
    expect(outcome(await world.judge(), 'conflicts')).toBe('not judged');
  });
});

describe('no-leak', () => {
  it('finds a claim that is granted after callers have stopped', async () => {
    eu.granted('c1', ANN, 1);
    world.now += 10;
    outsider.drained();
    world.now += 10;
    us.granted('c1', ANN, 1, { home: 'eu' });
    expect(outcome(await world.judge(), 'no-leak')).toBe('kept');
    world.now += HELD_MS;
    world.instance('eu').granted('c2', ANN, 2);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['no-leak']);
    expect(evidence(verdict, 'no-leak')).toEqual([['world.jsonl:2', 'eu-1.jsonl:4']]);
  });

  it('finds a claim that is promised for longer than locks last', async () => {
    eu.granted('c1', ANN, 1, { heldMs: HELD_MS + 1001 });
    eu.kept('confirm', ANN, 1, { heldMs: SETTINGS.confirmed_ms });
    expect(evidence(await world.judge(), 'no-leak')).toEqual([['eu-1.jsonl:2']]);
    eu = world.instance('eu');
    eu.kept('confirm', ANN, 1, { heldMs: SETTINGS.confirmed_ms + 1001 });
    expect(evidence(await world.judge(), 'no-leak')).toEqual([['eu-1.jsonl:2'], ['eu-1.jsonl:5']]);
  });

  it('says nothing where callers never stopped', async () => {
    eu.granted('c1', ANN, 1);
    expect(outcome(await world.judge(), 'no-leak')).toBe('not judged');
  });
});

describe('convergence', () => {
  it('judges the last comparison, if there was one', async () => {
    expect(outcome(await world.judge(), 'convergence')).toBe('not judged');
    outsider = world.outsider();
    outsider.converged({ differing: 2, differences: ['ann: presence', 'bob: presence'] });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['convergence']);
    expect(evidence(verdict, 'convergence')).toEqual([['world.jsonl:3']]);
    world.outsider().converged({ differing: 0, differences: [] });
    expect(outcome(await world.judge(), 'convergence')).toBe('kept');
  });
});

describe('platform-budget', () => {
  it('counts requests by token, in any minute', async () => {
    const platform = outsider.witness('cloud-eu');
    const ask = (token: string) => platform.answered({ token, status: 200, forced: false });
    for (let n = 0; n < 150; n++) ask('one');
    world.now += 59_999;
    for (let n = 0; n < 150; n++) ask('one');
    for (let n = 0; n < 300; n++) ask('two');
    world.now += 1;
    for (let n = 0; n < 150; n++) ask('one');
    expect(outcome(await world.judge(), 'platform-budget')).toBe('kept');
    world.now += 1;
    world.outsider().witness('cloud-eu').answered({ token: 'one', status: 200, forced: false });
    expect(failed(await world.judge())).toEqual(['platform-budget']);
  });

  it('finds a refusal that no fault asked for', async () => {
    const platform = outsider.witness('cloud-eu');
    platform.answered({ token: 'one', status: 429, forced: true });
    platform.answered({ token: 'one', status: 503, forced: false });
    platform.answered({ token: 'one', status: 429, forced: false });
    expect(evidence(await world.judge(), 'platform-budget')).toEqual([['world.jsonl:4']]);
  });
});
