import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Claims } from '../../src/verify/claims.ts';
import { evidence, failed, HELD_MS, Histories, type Instance, outcome } from './histories.ts';

let world: Histories;
beforeEach(() => {
  world = new Histories();
});
afterEach(() => world.remove());

describe('exclusive', () => {
  it('takes a claim that was released, completed or left to lapse as ended', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 100;
    eu.ended('release', 'ann', 1);
    world.now += 1;
    eu.granted('c2', 'ann', 2);
    world.now += 100;
    eu.kept('confirm', 'ann', 2, { heldMs: 3_600_000 });
    world.now += 60_000;
    eu.ended('complete', 'ann', 2);
    world.now += 1;
    eu.granted('c3', 'ann', 3);
    world.now += HELD_MS;
    eu.granted('c4', 'ann', 4);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual([]);
    expect(verdict.counts.claims.granted).toBe(4);
  });

  it('takes a holder at his word who gave the agent up, and never learned what became of that', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    const since = world.now;
    world.now += 5;
    eu.granted('c2', 'ann', 2);
    world.now += 5;
    eu.history.settleRefused({ op: 'release', agent: 'ann', fence: 1, since, reason: 'outcome_unknown' });
    expect(failed(await world.judge())).toEqual([]);
    const us = world.instance('us');
    us.granted('c3', 'bob', 1);
    world.now += 5;
    us.granted('c4', 'bob', 2);
    us.history.settleRefused({ op: 'confirm', agent: 'bob', fence: 1, reason: 'outcome_unknown' });
    expect(failed(await world.judge())).toEqual(['exclusive']);
  });

  it('finds an agent granted by two regions', async () => {
    const [eu, us] = [world.instance('eu'), world.instance('us')];
    eu.granted('c1', 'ann', 1, { replicated: false });
    world.now += 5;
    us.granted('c2', 'ann', 2);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['exclusive']);
    expect(evidence(verdict, 'exclusive')).toEqual([['eu-1.jsonl:2', 'us-1.jsonl:2']]);
    const exclusive = verdict.checks.find(({ name }) => name === 'exclusive');
    expect(exclusive?.violations[0]?.what).toContain('call c1 (fence 1, granted by eu, unreplicated)');
  });

  it('lets a unit be settled after another was granted', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1, { unit: 'chat-1' });
    world.now += 5;
    eu.granted('c2', 'ann', 2, { unit: 'chat-2' });
    world.now += 5;
    eu.history.settled({
      op: 'complete',
      agent: 'ann',
      unit: 'chat-1',
      fence: 1,
      startedMs: world.now,
      state: 'ENDED',
    });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('judges each unit of capacity by itself', async () => {
    const [eu, us] = [world.instance('eu'), world.instance('us')];
    eu.granted('c1', 'ann', 1, { unit: 'chat-1' });
    world.now += 5;
    eu.granted('c2', 'ann', 2, { unit: 'chat-2' });
    world.now += 5;
    eu.granted('c3', 'ann', 3);
    world.now += 5;
    us.granted('c4', 'ann', 4, { unit: 'chat-2' });
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['exclusive']);
    expect(evidence(verdict, 'exclusive')).toEqual([['eu-1.jsonl:3', 'us-1.jsonl:2']]);
  });

  it.each(['confirm', 'renew'] as const)('counts the time that a %s promised', async (op) => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 9000;
    eu.kept(op, 'ann', 1);
    world.now += 9999;
    eu.granted('c2', 'ann', 2);
    expect(failed(await world.judge())).toEqual(['exclusive']);
  });

  it('lets a lapsed claim be confirmed if nobody else got the agent, and then holds it', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += HELD_MS + 500;
    eu.kept('confirm', 'ann', 1);
    expect(failed(await world.judge())).toEqual([]);
    const again = world.instance('eu');
    world.now += 100;
    again.granted('c2', 'ann', 2);
    expect(failed(await world.judge())).toEqual(['exclusive']);
  });

  it('finds a lapsed claim that was confirmed although somebody else had the agent', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += HELD_MS;
    eu.granted('c2', 'ann', 2);
    world.now += 10;
    eu.kept('confirm', 'ann', 1);
    expect(failed(await world.judge())).toEqual(['exclusive', 'stale-holder']);
  });

  it('counts a claim whose grant was lost with its instance, once its holder confirms it', async () => {
    const eu = world.instance('eu');
    eu.kept('confirm', 'ann', 1);
    world.now += 10;
    eu.granted('c2', 'ann', 2);
    expect(failed(await world.judge())).toEqual(['exclusive']);
  });

  it('does not mind the answer to a release that is overtaken by the next grant', async () => {
    const [one, two] = [world.instance('eu', 'eu-1'), world.instance('eu', 'eu-2')];
    one.granted('c1', 'ann', 1);
    world.now += 100;
    const startedMs = world.now;
    world.now += 2;
    two.granted('c2', 'ann', 2, { startedMs: world.now - 1 });
    world.now += 1;
    one.ended('release', 'ann', 1, startedMs);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('finds a release that began only after the next grant', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 100;
    eu.granted('c2', 'ann', 2);
    world.now += 1;
    eu.ended('release', 'ann', 1);
    expect(failed(await world.judge())).toEqual(['exclusive', 'stale-holder']);
  });

  it('takes a claim reported by its home, its asker and every retry for one, also after its end', async () => {
    const [eu, us] = [world.instance('eu'), world.instance('us')];
    const startedMs = world.now;
    us.history.claimInvoked({ call: 'c1', queue: 'support' });
    world.now += 40;
    eu.granted('c1', 'ann', 1);
    world.now += 40;
    us.granted('c1', 'ann', 1, { home: 'eu', startedMs, heldMs: HELD_MS - 80 });
    world.now += 10;
    eu.ended('release', 'ann', 1);
    world.now += 1;
    us.granted('c1', 'ann', 1, { home: 'eu', startedMs, heldMs: HELD_MS - 91 });
    world.now += 1;
    eu.granted('c2', 'ann', 2);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual([]);
    expect(verdict.counts.claims).toMatchObject({ invoked: 1, granted: 2 });
  });
});

describe('fence', () => {
  it.each([
    ['repeats', 7],
    ['falls', 6],
  ])('finds one that %s', async (_how, second) => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 7);
    world.now += 10;
    eu.ended('release', 'ann', 7);
    world.now += 10;
    eu.granted('c2', 'ann', second);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['fence']);
    expect(evidence(verdict, 'fence')).toEqual([['eu-1.jsonl:2', 'eu-1.jsonl:4']]);
  });

  it('knows no order between grants whose answers crossed', async () => {
    const [one, two] = [world.instance('eu', 'eu-1'), world.instance('eu', 'eu-2')];
    const startedMs = world.now;
    world.now += HELD_MS + 1000;
    two.granted('c2', 'ann', 8);
    world.now += 1;
    one.granted('c1', 'ann', 7, { startedMs, heldMs: 0 });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('keeps the agents apart', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 7);
    eu.granted('c2', 'bob', 7);
    expect(failed(await world.judge())).toEqual([]);
  });
});

describe('stale-holder', () => {
  it.each(['confirm', 'renew', 'release', 'complete'] as const)('finds a %s with an outdated fence', async (op) => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += HELD_MS;
    eu.granted('c2', 'ann', 2);
    world.now += 10;
    if (op === 'confirm' || op === 'renew') eu.kept(op, 'ann', 1);
    else eu.ended(op, 'ann', 1);
    const verdict = await world.judge();
    expect(failed(verdict)).toContain('stale-holder');
    expect(evidence(verdict, 'stale-holder')).toEqual([['eu-1.jsonl:3', 'eu-1.jsonl:4']]);
  });

  it('is content when the outdated fence is refused', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += HELD_MS;
    eu.granted('c2', 'ann', 2);
    eu.history.settleRefused({ op: 'confirm', agent: 'ann', fence: 1, reason: 'stale_fence' });
    const verdict = await world.judge();
    expect(outcome(verdict, 'stale-holder')).toBe('kept');
    expect(verdict.counts.settles.confirm).toEqual({ ok: 0, refused: 1 });
  });
});

it('says nothing of what nobody has tried', async () => {
  const eu = world.instance('eu');
  eu.granted('c1', 'ann', 1);
  eu.kept('confirm', 'ann', 1);
  eu.granted('c2', 'bob', 1);
  const verdict = await world.judge();
  const outcomes = ['exclusive', 'fence', 'stale-holder', 'retry'].map((name) => outcome(verdict, name));
  expect(outcomes).toEqual(['kept', 'not judged', 'not judged', 'not judged']);
});

describe('retry', () => {
  it('is content with a call that asks again and gets the same claim', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    eu.history.claimInvoked({ call: 'c1', queue: 'support' });
    world.now += 100;
    eu.granted('c1', 'ann', 1);
    expect(outcome(await world.judge(), 'retry')).toBe('kept');
  });

  it('finds a call that was given a second agent', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 100;
    eu.granted('c1', 'bob', 1);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['retry']);
    expect(evidence(verdict, 'retry')).toEqual([['eu-1.jsonl:2', 'eu-1.jsonl:3']]);
  });

  it('lets a call have another agent once its claim has ended', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 100;
    eu.ended('release', 'ann', 1);
    eu.granted('c1', 'bob', 1);
    world.now += HELD_MS;
    eu.granted('c1', 'cid', 1);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('lets a call have another agent when the answer of a remote home was lost, but not when it was told', async () => {
    const [eu, us] = [world.instance('eu'), world.instance('us')];
    eu.granted('c1', 'ann', 1);
    world.now += 100;
    us.history.claimUnknown({ call: 'c1', queue: 'support', home: 'eu' });
    us.granted('c1', 'bob', 1);
    expect(failed(await world.judge())).toEqual([]);
    const later = world.instance('us');
    later.granted('c1', 'ann', 1, { home: 'eu' });
    expect(failed(await world.judge())).toEqual(['retry']);
  });

  it('excuses nothing where the answer was lost within the home', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    eu.history.claimUnknown({ call: 'c1', queue: 'support', home: 'eu' });
    eu.granted('c1', 'bob', 1);
    expect(failed(await world.judge())).toEqual(['retry']);
  });
});

describe('what is remembered of a long history', () => {
  /** 25,000 claims over four hours, each released at once. */
  function pass(eu: Instance): void {
    for (let i = 0; i < 25_000; i++) {
      const agent = `agent-${i % 5000}`;
      eu.granted(`call-${i}`, agent, i + 1);
      world.now += 600;
      eu.ended('release', agent, i + 1);
    }
  }

  it('keeps a claim that is still held', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    eu.kept('confirm', 'ann', 1, { heldMs: 24 * 3_600_000 });
    pass(eu);
    expect(failed(await world.judge())).toEqual([]);
    const later = world.instance('eu');
    later.granted('c2', 'ann', 2);
    later.granted('c1', 'bob', 1);
    expect(failed(await world.judge())).toEqual(['exclusive', 'retry']);
  });

  it('keeps the highest fence of an agent', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 5);
    pass(eu);
    eu.granted('c2', 'ann', 4);
    expect(failed(await world.judge())).toEqual(['fence']);
  });

  it('forgets the rest', () => {
    const claims = new Claims();
    const origin = { at: 0, region: 'eu', process: 'p', place: 'p:1' };
    const grant = { ...origin, op: 'claim', phase: 'ok', queue: 'support', home: 'eu', until: 0 } as const;
    for (let t = 0; t < 25_000_000; t += 1000) {
      claims.see({ ...grant, t, since: t, held_ms: HELD_MS, agent: 'ann', fence: t + 1, call: `c${t}` });
    }
    expect(claims.ofAgent('ann').length).toBeLessThan(11_000);
    expect(claims.ofCall('c0')).toEqual([]);
  });
});
