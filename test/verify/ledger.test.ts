import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evidence, failed, HELD_MS, Histories, outcome } from './histories.ts';
import { LedgerLines } from './ledger-lines.ts';

const HOURS_MS = 4 * 3_600_000;

let world: Histories;
let callers: LedgerLines;
beforeEach(() => {
  world = new Histories();
  callers = new LedgerLines(world);
});
afterEach(() => world.remove());

/** What a caller is told who claims and confirms. */
function confirmed(call: string, agent: string, fence: number, heldMs = HOURS_MS): void {
  callers.told('claim', call, agent, fence);
  world.now += 10;
  callers.told('confirm', call, agent, fence, { state: 'CONFIRMED', held_ms: heldMs });
  world.now += 10;
}

describe('one-holder', () => {
  it('finds an agent who was confirmed to two callers', async () => {
    confirmed('c1', 'ann', 1);
    confirmed('c2', 'ann', 2);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['one-holder']);
    expect(evidence(verdict, 'one-holder')).toEqual([['callers.jsonl:1', 'callers.jsonl:3']]);
    expect(verdict.checks[0]?.violations[0]?.what).toMatch(/call c1 \(fence 1, confirmed\), promised for \d+ ms more/);
  });

  it.each(['release', 'complete', 'refused'] as const)(
    'takes what its caller began to give up by a %s as over',
    async (asked) => {
      confirmed('c1', 'ann', 1);
      const since = world.now;
      world.now += 50;
      confirmed('c2', 'ann', 2); // its answer overtakes that of the release
      callers.told(asked, 'c1', 'ann', 1, { since });
      expect(failed(await world.judge())).toEqual([]);
    },
  );

  it('finds what was given up only after the next caller had the agent', async () => {
    confirmed('c1', 'ann', 1);
    confirmed('c2', 'ann', 2);
    callers.told('release', 'c1', 'ann', 1);
    expect(failed(await world.judge())).toEqual(['one-holder']);
  });

  it('takes a call that is over as one that holds nobody, whatever is answered afterwards', async () => {
    confirmed('c1', 'ann', 1);
    callers.over('c1', 'ann');
    world.now += 10;
    confirmed('c2', 'ann', 2);
    callers.told('renew', 'c1', 'ann', 1, { held_ms: HOURS_MS });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('counts a promise from before it was asked for, and no longer', async () => {
    callers.told('claim', 'c1', 'ann', 1);
    world.now += HELD_MS - 1;
    callers.told('claim', 'c2', 'ann', 2, { since: world.now - 5 });
    expect(failed(await world.judge())).toEqual(['one-holder']);
  });

  it('lets a promise lapse', async () => {
    callers.told('claim', 'c1', 'ann', 1);
    world.now += HELD_MS;
    callers.told('claim', 'c2', 'ann', 2, { since: world.now - 5 });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('leaves a claim as it was where its confirmation was not answered, or with 503', async () => {
    callers.told('claim', 'c1', 'ann', 1);
    callers.unanswered('confirm', 'c1', 'ann', 1);
    callers.told('confirm', 'c1', 'ann', 1, { status: 503, code: 'shard_unavailable' });
    world.now += HELD_MS;
    callers.told('claim', 'c2', 'ann', 2);
    expect(failed(await world.judge())).toEqual([]);
  });

  it.each([503, undefined])('relies on nothing any more after a release that was answered with %s', async (status) => {
    confirmed('c1', 'ann', 1);
    if (status) callers.told('release', 'c1', 'ann', 1, { status, code: 'not_replicated' });
    else callers.unanswered('release', 'c1', 'ann', 1);
    world.now += 10;
    callers.told('claim', 'c1', 'ann', 1, { status: 200, state: 'CONFIRMED', held_ms: HOURS_MS });
    world.now += 10;
    callers.told('claim', 'c2', 'ann', 2);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('finds a claim that holds again although its release had been answered', async () => {
    confirmed('c1', 'ann', 1);
    callers.told('release', 'c1', 'ann', 1);
    world.now += 10;
    confirmed('c2', 'ann', 2);
    callers.told('claim', 'c1', 'ann', 1, { status: 200, state: 'HELD' });
    expect(failed(await world.judge())).toEqual(['one-holder']);
  });

  it('takes the word of a copy for no promise', async () => {
    confirmed('c1', 'ann', 1);
    callers.told('release', 'c1', 'ann', 1);
    world.now += 10;
    confirmed('c2', 'ann', 2);
    callers.told('claim', 'c1', 'ann', 1, { status: 200, state: 'HELD', mode: 'copy' });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('lets a claim in a home’s stead meet one of the home, but none of the same region', async () => {
    callers.told('claim', 'c1', 'ann', 1, { home: 'eu' });
    callers.told('claim', 'c2', 'ann', 2, { home: 'us', mode: 'verified' });
    callers.told('claim', 'c3', 'bob', 1, { home: 'us', mode: 'verified' });
    callers.told('claim', 'c4', 'bob', 2, { home: 'us', mode: 'verified' });
    const verdict = await world.judge();
    expect(evidence(verdict, 'one-holder')).toEqual([['callers.jsonl:3', 'callers.jsonl:4']]);
  });

  it('judges each unit by itself, and takes a claim told twice for one', async () => {
    callers.told('claim', 'c1', 'ann', 1, { unit: 'chat-1' });
    callers.told('claim', 'c2', 'ann', 2, { unit: 'chat-2' });
    callers.told('claim', 'c1', 'ann', 1, { unit: 'chat-1', status: 200 });
    callers.told('claim', 'c3', 'ann', 3, { unit: 'chat-2' });
    expect(evidence(await world.judge(), 'one-holder')).toEqual([['callers.jsonl:2', 'callers.jsonl:4']]);
  });
});

describe('as-told', () => {
  it.each(['confirm', 'renew'] as const)(
    'finds a %s that is refused because somebody else ended the claim',
    async (asked) => {
      confirmed('c1', 'ann', 1);
      callers.told('claim', 'c1', 'ann', 1, { status: 503, code: 'not_replicated' });
      world.now += 10;
      callers.told(asked, 'c1', 'ann', 1, { code: 'claim_ended' });
      const verdict = await world.judge();
      expect(failed(verdict)).toEqual(['as-told']);
      expect(evidence(verdict, 'as-told')).toEqual([['callers.jsonl:1', 'callers.jsonl:4']]);
    },
  );

  it('is content where its caller had given it up, though the answer to that came later', async () => {
    confirmed('c1', 'ann', 1);
    const since = world.now;
    world.now += 10;
    callers.told('renew', 'c1', 'ann', 1, { code: 'claim_ended' });
    world.now += 10;
    callers.told('release', 'c1', 'ann', 1, { since });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('is content where the call was over, or the promised time', async () => {
    confirmed('c1', 'ann', 1);
    callers.over('c1', 'ann');
    callers.told('renew', 'c1', 'ann', 1, { code: 'claim_ended' });
    callers.told('claim', 'c2', 'bob', 1);
    world.now += HELD_MS;
    callers.told('confirm', 'c2', 'bob', 1, { code: 'claim_ended' });
    expect(failed(await world.judge())).toEqual([]);
  });

  it('judges the other refusals where nobody may grant in a home’s stead, and a replica had the claim', async () => {
    world.outsider();
    for (const [agent, more] of [
      ['cloud-us:ann', {}],
      ['cloud-us:bob', { replicated: false }],
      ['cloud-eu:cid', {}],
    ] as const) {
      callers.told('claim', 'c1', agent, 1, more);
      callers.told('renew', 'c1', agent, 1, { code: 'fence_superseded' });
    }
    const verdict = await world.judge();
    expect(evidence(verdict, 'as-told')).toEqual([['callers.jsonl:1', 'callers.jsonl:2']]);
  });
});

describe('replicated', () => {
  it.each(['claim', 'confirm', 'renew', 'complete'] as const)(
    'finds a yes to a %s that no replica holds',
    async (asked) => {
      world.outsider({ replication: 'refuse' });
      callers.told(asked, 'c1', 'cloud-us:ann', 1, { replicated: false });
      expect(failed(await world.judge())).toEqual(['replicated']);
    },
  );

  it('is content with a no, and with yes where the settings allow it', async () => {
    world.outsider({ replication: 'refuse' });
    callers.told('claim', 'c1', 'cloud-us:ann', 1, { status: 503, code: 'not_replicated', replicated: false });
    callers.told('claim', 'c2', 'cloud-us:ann', 2, { replicated: true });
    callers.told('claim', 'c2', 'cloud-us:ann', 2, { replicated: false, mode: 'copy' });
    expect(outcome(await world.judge(), 'replicated')).toBe('kept');
  });

  it('finds a copy that claims to be on a replica', async () => {
    world.outsider({ replication: 'refuse' });
    callers.told('claim', 'c2', 'cloud-us:ann', 2, { replicated: true, mode: 'copy' });
    expect(failed(await world.judge())).toEqual(['replicated']);
  });

  it('says nothing where claims may go unreplicated', async () => {
    world.outsider();
    callers.told('claim', 'c1', 'cloud-us:ann', 1, { replicated: false });
    expect(outcome(await world.judge(), 'replicated')).toBe('not judged');
  });
});

describe('one-call', () => {
  const kept = { agent: 'ann', fence: 1, region: 'eu' };
  const lost = { agent: 'bob', fence: 2, region: 'us' };

  it('finds two agents confirmed for one call in silence', async () => {
    confirmed('c1', 'ann', 1);
    confirmed('c1', 'bob', 2);
    world.now += 2000;
    callers.told('claim', 'c9', 'cid', 3);
    expect(failed(await world.judge())).toEqual(['one-call']);
  });

  it('is content where a region reported it', async () => {
    confirmed('c1', 'ann', 1);
    confirmed('c1', 'bob', 2);
    world.now += 2000;
    callers.reported({ call: 'c1', kept, lost });
    expect(outcome(await world.judge(), 'one-call')).toBe('kept');
  });

  it.each([false, true])(
    'lets a claim end for the other one of its call, unless it was confirmed: %s',
    async (isConfirmed) => {
      const eu = world.instance('eu');
      eu.granted('c1', 'ann', 1);
      eu.granted('c1', 'bob', 2);
      world.now += 1;
      confirmed('c1', 'ann', 1);
      if (isConfirmed) confirmed('c1', 'bob', 2);
      else callers.told('claim', 'c1', 'bob', 2);
      world.now += 10;
      const settled = { op: 'supersede', call: 'c1', agent: 'bob', fence: 2, startedMs: world.now } as const;
      eu.history.settled({ ...settled, state: 'ENDED' });
      callers.told('claim', 'c2', 'bob', 3);
      world.now += 1;
      callers.reported({ call: 'c1', kept, lost }, 'ended');
      callers.told('confirm', 'c1', 'bob', 2, { code: 'claim_ended' });
      eu.granted('c2', 'bob', 3);
      const broken = failed(await world.judge()).filter((name) => name !== 'retry' && name !== 'told');
      expect(broken).toEqual(isConfirmed ? ['one-holder', 'as-told'] : []);
    },
  );

  it('lets one be held while the other is confirmed, or end before', async () => {
    callers.told('claim', 'c1', 'ann', 1);
    confirmed('c1', 'bob', 2);
    callers.told('complete', 'c1', 'bob', 2);
    world.now += 1;
    confirmed('c1', 'cid', 3);
    world.now += 2000;
    callers.told('claim', 'c9', 'dee', 4);
    expect(failed(await world.judge())).toEqual([]);
  });
});

describe('told', () => {
  it('finds an answer that no server’s history shows', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 1;
    callers.told('claim', 'c1', 'ann', 1);
    callers.told('confirm', 'c1', 'ann', 7);
    const verdict = await world.judge();
    expect(failed(verdict)).toContain('told');
    expect(evidence(verdict, 'told')).toEqual([['callers.jsonl:2']]);
  });

  it('finds an end that nobody asked for', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 1;
    callers.told('claim', 'c1', 'ann', 1);
    world.now += 10;
    eu.ended('release', 'ann', 1);
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['told']);
    expect(evidence(verdict, 'told')).toEqual([['callers.jsonl:1', 'eu-1.jsonl:3']]);
  });

  it('finds a lapse before the time that was promised', async () => {
    const eu = world.instance('eu');
    eu.granted('c1', 'ann', 1);
    world.now += 1;
    callers.told('claim', 'c1', 'ann', 1);
    world.now += HELD_MS - 1;
    eu.history.settled({ op: 'lapse', call: 'c1', agent: 'ann', fence: 1, startedMs: world.now });
    expect(failed(await world.judge())).toEqual(['told']);
  });

  it('is content with an end that was asked for, however that was answered, or of a call that was over', async () => {
    const eu = world.instance('eu');
    for (const agent of ['ann', 'bob', 'cid']) {
      eu.granted(`call of ${agent}`, agent, 1);
      world.now += 1;
      callers.told('claim', `call of ${agent}`, agent, 1);
    }
    const since = world.now;
    world.now += 10;
    callers.over('call of cid', 'cid');
    for (const agent of ['ann', 'bob', 'cid']) eu.ended('release', agent, 1);
    world.now += 10;
    callers.told('release', 'call of ann', 'ann', 1, { since });
    callers.unanswered('release', 'call of bob', 'bob', 1, since);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('says nothing of a region whose history is not there', async () => {
    world.instance('us');
    callers.told('claim', 'c1', 'ann', 1);
    expect(outcome(await world.judge(), 'told')).toBe('not judged');
  });
});

it('judges a ledger alone, and says what it cannot judge', async () => {
  confirmed('c1', 'ann', 1);
  const { checks, counts } = await world.judge();
  const outcomes = checks.filter(({ outcome }) => outcome !== 'not judged').map(({ name }) => name);
  expect(outcomes).toEqual(['one-holder', 'as-told', 'readable']);
  expect(checks.slice(0, 5).map(({ name }) => name)).toEqual([
    'one-holder',
    'as-told',
    'replicated',
    'one-call',
    'told',
  ]);
  expect(counts.processes).toBe(0);
});
