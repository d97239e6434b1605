import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { createLog } from '../../src/ops/log.ts';
import { readTrace, withTrace } from '../../src/ops/trace.ts';
import { ANSWERED_BY, ASKED_BY, CONSISTENCY, Peers, PROBED } from '../../src/routing/peers/peers.ts';
import { freePort } from '../../world/tools/ports.ts';
import { LoopbackRegion } from './loopback-region.ts';
import { HandClock } from './memory-regions.ts';

const LONG_MS = 30_000;
const SHORT_MS = 20;

let us: LoopbackRegion;
let clock: HandClock;
let peers: Peers;
let token: string | undefined;
/** How often a token was made, which comes before each question. */
let tokens: number;
const log = createLog('silent', 'eu', 'i');

beforeEach(async () => {
  us = await LoopbackRegion.start();
  clock = new HandClock();
  token = undefined;
  tokens = 0;
  const urls = { eu: 'http://127.0.0.1:1', us: us.url, ap: `http://127.0.0.1:${await freePort()}` };
  const made = async () => {
    tokens += 1;
    return token as string;
  };
  peers = new Peers({
    exchange: OLDEST_EXCHANGE,
    region: 'eu',
    urls,
    ask: () => () => undefined,
    claimKey: '',
    tokens: { for: made },
    clock,
    log,
  });
});
afterEach(async () => {
  await us.stop();
  await peers.stop();
});

const asked = { queue: 'q', callId: 'call-1', media: 'voice', skills: { spanish: 5 }, proposes: 'away:1' } as const;

/** Answers questions of these with what follows, and probes at once. */
function answers(status: number, body: unknown, headers: Record<string, string> = {}): void {
  us.answer = ({ what }) => (what.endsWith(PROBED) ? { status: 200, body: {} } : { status, body, headers });
}

/** Waits until the round trip is measured, 100 ms by the clock. */
async function measure(): Promise<void> {
  us.answer = () => {
    clock.pass(100);
    return { status: 200, body: {} };
  };
  peers.start();
  await expect.poll(() => peers.rttMs('us'), { interval: 1 }).toBe(100);
}

describe('a home that is asked for an agent', () => {
  it('is told what the caller wishes, whom this region proposes, and what is left of the time', async () => {
    await measure();
    answers(201, { claim_id: 'c' });
    expect(await peers.claim('us', { ...asked, agentId: 'away:2' }, 850.7)).toEqual({
      kind: 'granted',
      claim: { claim_id: 'c' },
      again: false,
    });
    const question = us.asked.at(-1);
    expect(question?.what).toBe('POST /v1/claims');
    expect(question?.headers['content-type']).toBe('application/json');
    const wish = { queue: 'q', call_id: 'call-1', media: 'voice', skills: { spanish: 5 }, agent_id: 'away:2' };
    expect(question?.body).toEqual({ ...wish, proposes: 'away:1', budget_ms: 750 });
    await peers.claim('us', asked, LONG_MS);
    expect(us.asked.at(-1)?.body).toMatchObject({ budget_ms: 10_000 });
    expect(us.asked.at(-1)?.body).not.toHaveProperty('agent_id');
    await peers.claim('us', asked, 60);
    expect(us.asked.at(-1)?.body).toMatchObject({ budget_ms: 1 });
  });

  it('is told who asks, for which request, with the token for it', async () => {
    answers(200, {});
    token = 'secret';
    const trace = readTrace(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, 'k=v', 'request-1');
    await withTrace(trace, () => peers.claim('us', asked, LONG_MS));
    expect(us.asked.at(-1)?.headers).toMatchObject({
      [ASKED_BY]: 'eu',
      authorization: 'Bearer secret',
      'x-request-id': 'request-1',
      traceparent: trace.traceparent,
      tracestate: 'k=v',
    });
    token = undefined;
    await peers.claim('us', asked, LONG_MS);
    const { headers = {} } = us.asked.at(-1) ?? {};
    for (const name of ['authorization', 'x-request-id', 'traceparent']) expect(headers).not.toHaveProperty(name);
  });

  it('tells that the call had the claim already', async () => {
    answers(200, { claim_id: 'c' });
    expect(await peers.claim('us', asked, LONG_MS)).toMatchObject({ kind: 'granted', again: true });
  });

  it('refuses with all that it knows, or little', async () => {
    const more = { agent: { agent_id: 'away:1' }, claim: { claim_id: 'c' }, home: 'ap' };
    answers(409, { code: 'call_has_claim', detail: 'it has one', ...more, title: 'not asked for' });
    const problem = { kind: 'problem', status: 409, code: 'call_has_claim', detail: 'it has one', ...more };
    expect(await peers.claim('us', asked, LONG_MS)).toEqual(problem);
    answers(500, {});
    expect(await peers.claim('us', asked, LONG_MS)).toEqual({
      kind: 'problem',
      status: 500,
      code: 'unknown',
      detail: '',
    });
  });

  it('is known better by each grant, and by no refusal', async () => {
    await measure();
    const slow =
      (status: number) =>
      ({ what }: { what: string }) => {
        if (what.endsWith('/claims')) clock.pass(200);
        return { status, body: {} };
      };
    us.answer = slow(409);
    await peers.claim('us', asked, LONG_MS);
    expect(peers.rttMs('us')).toBe(100);
    us.answer = slow(201);
    await peers.claim('us', asked, LONG_MS);
    expect(peers.rttMs('us')).toBe(120);
  });

  it('may have acted, where its answer is not heard', async () => {
    us.answer = () => 'silence';
    expect(await peers.claim('us', asked, SHORT_MS)).toEqual({ kind: 'unknown' });
    us.answer = () => 'hang up';
    expect(await peers.claim('us', asked, LONG_MS)).toEqual({ kind: 'unknown' });
    answers(201, 'no JSON');
    expect(await peers.claim('us', asked, LONG_MS)).toEqual({ kind: 'unknown' });
  });

  it('has not acted, where it was not reached, does not know its agents yet, or is of no config', async () => {
    expect(await peers.claim('ap', asked, LONG_MS)).toEqual({ kind: 'unreachable' });
    answers(503, { code: 'starting' });
    expect(await peers.claim('us', asked, LONG_MS)).toEqual({ kind: 'unreachable' });
    expect(await peers.claim('nowhere', asked, LONG_MS)).toEqual({ kind: 'unreachable' });
    expect(await peers.settle('nowhere', 'c', 'confirm', LONG_MS)).toEqual({ kind: 'unreachable' });
  });
});

describe('a home that is asked to settle a claim', () => {
  it.each(['confirm', 'renew', 'release', 'complete'] as const)('is told to %s', async (settlement) => {
    answers(200, { claim_id: 'c' });
    const answer = await peers.settle('us', 'away:1/5', settlement, 900);
    expect(answer).toEqual({ kind: 'granted', claim: { claim_id: 'c' }, again: true });
    const { what, body } = us.asked.at(-1) ?? {};
    expect(what).toBe(`POST /v1/claims/away%3A1%2F5/${settlement}`);
    expect(body).toEqual({ budget_ms: 900 });
  });

  it('is told of a call that the platform refused to give as of a release', async () => {
    answers(200, {});
    await peers.settle('us', 'c', 'refused', 900);
    expect(us.asked.at(-1)).toMatchObject({ what: 'POST /v1/claims/c/release', body: { refused: true } });
  });
});

describe('a region that is asked for a claim', () => {
  it('says what it knows of it, or is taken to know nothing', async () => {
    answers(200, { claim_id: 'c', state: 'HELD' });
    expect(await peers.claimOf('us', 'away:1/5', LONG_MS)).toEqual({ claim_id: 'c', state: 'HELD' });
    expect(us.asked.at(-1)).toMatchObject({ what: 'GET /v1/claims/away%3A1%2F5', headers: { [ASKED_BY]: 'eu' } });
    answers(404, { code: 'unknown_claim' });
    expect(await peers.claimOf('us', 'c', LONG_MS)).toBeUndefined();
    us.answer = () => 'silence';
    expect(await peers.claimOf('us', 'c', SHORT_MS)).toBeUndefined();
    expect(await peers.claimOf('ap', 'c', LONG_MS)).toBeUndefined();
    expect(await peers.claimOf('nowhere', 'c', LONG_MS)).toBeUndefined();
  });

  it('is not asked once the time is over', async () => {
    for (const overMs of [0, -5]) expect(await peers.claimOf('us', 'c', overMs)).toBeUndefined();
    expect(tokens).toBe(0);
    expect(us.asked).toEqual([]);
  });
});

describe('a region that is asked for a read', () => {
  it('is given the tokens, and believed where it says that it has honoured them', async () => {
    answers(200, { status: 'BUSY' }, { [ANSWERED_BY]: 'us' });
    expect(await peers.read('us', '/v1/agents/a', 'one,two', LONG_MS)).toEqual({ status: 'BUSY' });
    expect(us.asked.at(-1)).toMatchObject({ what: 'GET /v1/agents/a', headers: { [CONSISTENCY]: 'one,two' } });
  });

  it('is not believed where it says nothing of them, or that the answer is of another', async () => {
    for (const headers of [undefined, { [ANSWERED_BY]: 'eu' }]) {
      answers(200, { status: 'BUSY' }, headers);
      expect(await peers.read('us', '/v1/agents/a', 'one', LONG_MS)).toBeUndefined();
    }
    answers(409, {}, { [ANSWERED_BY]: 'us' });
    expect(await peers.read('us', '/v1/agents/a', 'one', LONG_MS)).toBeUndefined();
  });
});
