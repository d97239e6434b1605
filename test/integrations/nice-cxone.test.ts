import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT, type ClosedRegion, startClosedRegion, unlessTurnedAway } from './closed-region.ts';
import { blocksOf, readCurl, send } from './page.ts';
import { readProperties, type Sends, type Studio, snippet, act as tryToAct } from './studio.ts';
import type { Variables } from './studio-snippet.ts';

let region: ClosedRegion;
let studio: Studio;
let token: string;

beforeAll(async () => {
  region = await startClosedRegion();
  studio = { url: region.url, loginUrl: region.loginUrl, sends: 'as they are' };
  const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64');
  const got = await snippet(studio, 'token', { basic });
  expect(got.tokenStatus).toBe('200');
  token = got.token as string;
});
afterAll(() => region?.stop());

const act = (...how: Parameters<typeof tryToAct>) => unlessTurnedAway(() => tryToAct(...how));

/** A tenant's agents are named by numbers: each test has one of its own, alone in a queue of the same number. */
let agents = 1000;
const agent = (id: number): string => `crm-eu:${id}`;

async function onDuty(skills = {}, queue = ''): Promise<{ id: number; variables: Variables }> {
  agents += 1;
  await region.onDuty(agent(agents), skills, queue || agent(agents));
  return { id: agents, variables: variablesOf(agents) };
}

const variablesOf = (id: number): Variables => ({
  token,
  queue: agent(id),
  callId: `22003398${id}`,
  claimId: '',
  skills: '',
  language: '',
});

const settle = (variables: Variables, settlement: string, lost = 0) =>
  act(studio, 'settle', { ...variables, settlement }, { lost });
const statusOf = async (id: number) => (await region.ask(`/v1/agents/${encodeURIComponent(agent(id))}`)).body.status;

/** The actions that claim, with what is run before them, and how Studio may send what they say. */
const CLAIMS: [action: string, snippets: string[], sends: Sends][] = [
  ['claim', ['claim'], 'as they are'],
  ['claim-typed', [], 'as they are'],
  ['claim-typed', [], 'as a form'],
];

describe.each(CLAIMS)('the action "%s", after the snippets %j, its parameters sent %s', (action, snippets, sends) => {
  const claim = (variables: Variables, lost = 0) => act({ ...studio, sends }, action, variables, { snippets, lost });

  it('finds whom to target, and its retries find the same claim', async () => {
    const { id, variables } = await onDuty({ billing: 70, 'Spanish MX & more + 100 %': 50 });
    const asked = { ...variables, skills: 'billing:60', language: 'Spanish MX & more + 100 %' };
    const found = await claim(asked);
    expect(found).toMatchObject({ found: true, user_id: String(id), connection: 'crm-eu' });
    expect(await claim(asked, 2)).toMatchObject({ found: true, claim_id: found.claim_id });
    const { body } = await region.ask(`/v1/queues/${encodeURIComponent(agent(id))}`);
    expect(body).toMatchObject({ in_line: 0, taken: 1 });
  });

  it('is claimed once where the first two answers are lost', async () => {
    const { id, variables } = await onDuty();
    const other = await onDuty({}, agent(id));
    expect(await claim(variables, 2)).toMatchObject({ found: true, user_id: String(id) });
    expect(await statusOf(other.id)).toBe('AVAILABLE');
  });

  it('finds nobody without failing, and is told when to ask again', async () => {
    const answer = await claim(variablesOf(1));
    expect(answer).toMatchObject({ found: false, reason: 'no_agent_available', retry_after_ms: expect.any(Number) });
    const had = ['queue', 'agent_id', 'claim_id'];
    expect(Object.keys(answer)).toEqual(['found', 'reason', 'detail', 'retry_after_ms', 'age_ms', ...had]);
  });

  it('fails for its author where the queue is unknown, or the token is over', async () => {
    await expect(claim({ ...variablesOf(1), queue: 'nowhere' })).rejects.toThrow(/^404: .*"unknown_queue"/);
    await expect(claim({ ...variablesOf(1), token: 'of.last.year' })).rejects.toThrow(/^401: .*"unauthenticated"/);
  });
});

describe('what callers say', () => {
  const SAID = 'says "hello" \\ {token} $x 👨‍👩‍👧';

  it('reaches Muster as it is, by the snippet that makes JSON of it', async () => {
    const { id, variables } = await onDuty({ [SAID]: 50 });
    expect(await act(studio, 'claim', { ...variables, language: SAID })).toMatchObject({ user_id: String(id) });
  });

  it('would break JSON that is typed into a property', async () => {
    const typed = act(studio, 'claim-typed', { ...variablesOf(1), language: SAID }, { snippets: [] });
    await expect(typed).rejects.toThrow('Parameters are no JSON');
  });
});

describe('the properties of the page', () => {
  it.each(['claim', 'settle', 'claim-typed'])('are those that Studio has, each once: %s', (action) => {
    expect(Object.keys(readProperties(action))).toHaveLength(6);
  });
});

describe('the snippet alone', () => {
  it('finds the same claim as the action', async () => {
    const { id, variables } = await onDuty();
    const after = await snippet(studio, 'alone', variables);
    expect(after).toMatchObject({ status: '200', found: 'true', userId: String(id) });
    expect(await act(studio, 'claim', variables)).toMatchObject({ claim_id: after.claimId });
  });
});

describe('the script', () => {
  it('renews while it rings, confirms on answer and completes on release, each harmless to retry', async () => {
    const { id, variables } = await onDuty();
    const { claim_id } = await act(studio, 'claim', variables);
    const kept = { ...variables, claimId: String(claim_id) };
    expect(await settle(kept, 'renew', 2)).toMatchObject({ done: true, state: 'HELD', claim_id });
    expect(await settle(kept, 'confirm', 2)).toMatchObject({ done: true, state: 'CONFIRMED', claim_id });
    expect(await statusOf(id)).toBe('BUSY');
    expect(await settle(kept, 'complete', 2)).toMatchObject({ done: true, state: 'ENDED', claim_id });
    expect(await statusOf(id)).toBe('AVAILABLE');
    expect(await settle(kept, 'renew')).toMatchObject({ done: false, reason: 'claim_ended' });
  });

  it('gives up an agent who does not answer, and nobody else is sent there at once', async () => {
    const { id, variables } = await onDuty();
    const { claim_id } = await act(studio, 'claim', variables);
    expect(await settle({ ...variables, claimId: String(claim_id) }, 'refused', 2)).toMatchObject({ done: true });
    expect(await statusOf(id)).toBe('BUSY');
    expect(await act(studio, 'claim', { ...variables, callId: 'another' })).toMatchObject({ found: false });
  });

  it('that lost the claim settles by the call', async () => {
    const { id, variables } = await onDuty();
    const { claim_id } = await act(studio, 'claim', variables);
    expect(await settle({ ...variables, claimId: '' }, 'release')).toMatchObject({ done: true, claim_id });
    expect(await statusOf(id)).toBe('AVAILABLE');
    const neither = { ...variables, claimId: '', callId: '' };
    await expect(settle(neither, 'release')).rejects.toThrow(/^400: .*"\/claim_id"/);
  });

  it('can be tried with the commands of the page', async () => {
    const { id } = await onDuty({}, 'crm-eu:support');
    const answers: unknown[] = [];
    for (const command of blocksOf('nice-cxone', 'sh curl')) {
      const { headers, ...request } = readCurl(command);
      expect(headers.authorization).toBe('Bearer TOKEN');
      const form = { 'content-type': 'application/x-www-form-urlencoded' }; // what curl says of `-d`
      const sent = { ...form, ...headers, authorization: `Bearer ${token}` };
      answers.push(await (await send({ ...request, headers: sent }, studio)).json());
    }
    expect(answers).toMatchObject([
      { found: true, user_id: String(id) },
      { done: true, state: 'ENDED' },
    ]);
  });
});
