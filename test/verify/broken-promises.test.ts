import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { failed, HELD_MS, Histories, type Instance } from './histories.ts';
import { LedgerLines } from './ledger-lines.ts';

/**
 * What happened to callers of real regions, shortened: each history broke the promise, each has a twin in which it was
 * kept. What the instances alone wrote gave some of them away, and some not.
 */

const HOURS_MS = 4 * 3_600_000;
const ANN = 'cloud-us:ann';

let world: Histories;
let callers: LedgerLines;
let us: Instance;
beforeEach(() => {
  world = new Histories();
  callers = new LedgerLines(world, 'us');
  world.outsider({ replication: 'refuse', confirmed_ms: HOURS_MS });
  us = world.instance('us');
});
afterEach(() => world.remove());

/** The promises that the instances' own histories show as broken. */
async function asInstancesTell(): Promise<string[]> {
  return failed(await verify(world.files.filter((file) => file !== callers.file)));
}

const asCallersTell = async (): Promise<string[]> => failed(await world.judge());

function claims(call: string, fence: number, replicated = true): void {
  us.granted(call, ANN, fence, { replicated });
  world.now += 2;
  if (replicated) callers.told('claim', call, ANN, fence, { home: 'us', replicated, state: 'HELD' });
  else callers.told('claim', call, ANN, fence, { status: 503, code: 'not_replicated' });
  world.now += 10;
}

function confirms(call: string, fence: number, replicated = true): void {
  us.kept('confirm', ANN, fence, { heldMs: HOURS_MS });
  world.now += 2;
  const promise = { home: 'us', state: 'CONFIRMED', held_ms: HOURS_MS };
  callers.told('confirm', call, ANN, fence, { ...promise, replicated });
  world.now += 10;
}

describe('a call that has an agent asks again while no replica acknowledges', () => {
  it('is refused, and its confirmed claim is undone: the next call gets the agent', async () => {
    claims('call-1', 1);
    confirms('call-1', 1);
    us.granted('call-1', ANN, 1, { replicated: false });
    us.ended('release', ANN, 1);
    world.now += 2;
    callers.told('claim', 'call-1', ANN, 1, { status: 503, code: 'not_replicated' });
    world.now += 300;
    claims('call-2', 2);
    confirms('call-2', 2);
    us.history.settleRefused({ op: 'renew', agent: ANN, fence: 1, reason: 'fence_superseded' });
    callers.told('renew', 'call-1', ANN, 1, { code: 'fence_superseded' });
    expect(await asInstancesTell()).toEqual([]);
    expect(await asCallersTell()).toEqual(['one-holder', 'as-told', 'told']);
  });

  it('is told before anybody else has the agent', async () => {
    claims('call-1', 1);
    confirms('call-1', 1);
    us.granted('call-1', ANN, 1, { replicated: false });
    us.ended('release', ANN, 1);
    world.now += 2;
    us.history.settleRefused({ op: 'renew', agent: ANN, fence: 1, reason: 'claim_ended' });
    callers.told('renew', 'call-1', ANN, 1, { code: 'claim_ended' });
    expect(await asInstancesTell()).toEqual([]);
    expect(await asCallersTell()).toEqual(['as-told', 'told']);
  });

  it('is refused, and keeps what it has', async () => {
    claims('call-1', 1);
    confirms('call-1', 1);
    us.granted('call-1', ANN, 1, { replicated: false });
    world.now += 2;
    callers.told('claim', 'call-1', ANN, 1, { status: 503, code: 'not_replicated' });
    world.now += 300;
    callers.told('claim', 'call-2', ANN, 2, { code: 'no_agent_available' });
    confirms('call-1', 1);
    expect(await asCallersTell()).toEqual([]);
  });
});

describe('a confirmation that no replica acknowledged, and a failover', () => {
  it('is a yes to two calls', async () => {
    claims('call-3', 1);
    confirms('call-3', 1, false);
    world.now += HELD_MS;
    claims('call-4', 2);
    confirms('call-4', 2);
    expect(await asCallersTell()).toEqual(['one-holder', 'replicated', 'exclusive']);
  });

  it('is a yes too many, though nothing fails over', async () => {
    claims('call-3', 1);
    confirms('call-3', 1, false);
    expect(await asInstancesTell()).toEqual([]);
    expect(await asCallersTell()).toEqual(['replicated']);
  });

  it('is a 503: nobody relies on it', async () => {
    claims('call-3', 1);
    callers.told('confirm', 'call-3', ANN, 1, { status: 503, code: 'not_replicated' });
    world.now += HELD_MS;
    claims('call-4', 2);
    confirms('call-4', 2);
    us.history.settleRefused({ op: 'renew', agent: ANN, fence: 1, reason: 'fence_superseded' });
    callers.told('renew', 'call-3', ANN, 1, { code: 'fence_superseded' });
    expect(await asCallersTell()).toEqual([]);
  });
});

describe('the id of a claim that was never granted', () => {
  it('takes the agent from whoever has a claim', async () => {
    claims('rightful', 1);
    confirms('rightful', 1);
    us.history.settled({ op: 'confirm', call: '', agent: ANN, fence: 2, heldMs: HOURS_MS, startedMs: world.now });
    world.now += 2;
    callers.told('confirm', '', ANN, 2, { state: 'CONFIRMED', held_ms: HOURS_MS, home: 'us' });
    world.now += 10;
    callers.told('renew', 'rightful', ANN, 1, { code: 'fence_superseded' });
    expect(await asCallersTell()).toEqual(['one-holder', 'as-told', 'told', 'exclusive']);
  });

  it('locks an agent whom nobody has', async () => {
    us.history.settled({ op: 'renew', call: '', agent: ANN, fence: 2, heldMs: HOURS_MS, startedMs: world.now });
    world.now += 2;
    callers.told('renew', '', ANN, 2, { held_ms: HOURS_MS, home: 'us' });
    expect(await asInstancesTell()).toEqual([]);
    expect(await asCallersTell()).toEqual(['told']);
  });

  it('is known to whoever is displaced, though the forger writes no ledger', async () => {
    claims('rightful', 1);
    confirms('rightful', 1);
    callers.told('renew', 'rightful', ANN, 1, { code: 'fence_superseded' });
    expect(await asCallersTell()).toEqual(['as-told']);
  });

  it('is unknown, and changes nothing', async () => {
    claims('rightful', 1);
    confirms('rightful', 1);
    callers.told('confirm', '', ANN, 2, { status: 404, code: 'unknown_claim' });
    confirms('rightful', 1);
    expect(await asCallersTell()).toEqual([]);
  });
});

describe('a region that answers from its copy', () => {
  const again = (mode: 'home' | 'copy'): void => {
    claims('one', 1);
    us.ended('release', ANN, 1);
    callers.told('release', 'one', ANN, 1);
    world.now += 10;
    claims('two', 2);
    confirms('two', 2);
    callers.told('claim', 'one', ANN, 1, { status: 200, state: 'HELD', mode, home: 'us', held_ms: 5000 });
  };

  it('gives a call an agent whom another call has', async () => {
    again('home');
    expect(await asInstancesTell()).toEqual([]);
    expect(await asCallersTell()).toEqual(['one-holder']);
  });

  it('says that it did not ask, and promises nothing', async () => {
    again('copy');
    expect(await asCallersTell()).toEqual([]);
  });
});

describe('one call in two regions', () => {
  const both = (): void => {
    for (const [agent, fence] of [
      [ANN, 1],
      ['cloud-us:bob', 2],
    ] as const) {
      us.granted('same', agent, fence);
      world.now += 2;
      callers.told('claim', 'same', agent, fence, { home: 'us' });
      callers.told('confirm', 'same', agent, fence, { state: 'CONFIRMED', held_ms: HOURS_MS });
    }
    world.now += 2000;
  };

  it('has two agents, and nobody notices', async () => {
    both();
    callers.told('renew', 'same', ANN, 1, { held_ms: HOURS_MS });
    expect(await asCallersTell()).toContain('one-call');
  });

  it('is reported', async () => {
    both();
    const party = (agent: string, fence: number) => ({ agent, fence, region: 'us' });
    callers.reported({ call: 'same', kept: party(ANN, 1), lost: party('cloud-us:bob', 2) });
    expect(await asCallersTell()).not.toContain('one-call');
  });
});
