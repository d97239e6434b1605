import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { blocksOf, readCurl, send } from './page.ts';
import { act, runSnippet, type Variables } from './studio.ts';

const nowMs = Date.parse('2026-03-02T10:00:00Z');
const CLAIMS = ['claim', 'claim-form', 'claim-json'];
let regions: Regions;
let url: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], replicas: false });
  url = regions.all[0]?.url as string;
});
afterAll(() => regions.stop());

/** A tenant's agents are named by numbers: each test has one of its own, alone in a queue of the same number. */
let agents = 1000;
const agent = (id: number): string => `crm-eu:${id}`;

async function onDuty(skills = {}, queue = ''): Promise<{ id: number; variables: Variables }> {
  agents += 1;
  const profile = { queues: [queue || agent(agents)], skills };
  const { status } = await ask(`${url}/v1/events`, 'POST', eventOf(agent(agents), 'AVAILABLE', nowMs, { profile }));
  expect(status).toBe(202);
  return { id: agents, variables: variablesOf(agents) };
}

const variablesOf = (id: number): Variables => ({
  apiKey: 'secret',
  queue: agent(id),
  callId: `22003398${id}`,
  skills: '',
  language: '',
});

const settle = (variables: Variables, settlement: string, lost = 0) =>
  act('settle', { ...variables, settlement }, url, lost);
const statusOf = async (id: number) => (await ask(`${url}/v1/agents/${encodeURIComponent(agent(id))}`)).body.status;

describe.each(CLAIMS)('the action "%s"', (name) => {
  it('finds whom to target, and its retries find the same claim', async () => {
    const { id, variables } = await onDuty({ billing: 70, 'Spanish MX': 50 });
    const asked = { ...variables, skills: 'billing:60', language: 'Spanish MX' };
    const found = await act(name, asked, url);
    expect(found).toMatchObject({ found: true, user_id: String(id), connection: 'crm-eu' });
    expect(await act(name, asked, url, 2)).toMatchObject({ found: true, claim_id: found.claim_id });
    expect((await ask(`${url}/v1/queues/${encodeURIComponent(agent(id))}`)).body).toMatchObject({
      in_line: 0,
      taken: 1,
    });
  });

  it('is claimed once where the first two answers are lost', async () => {
    const { id, variables } = await onDuty();
    const other = await onDuty({}, agent(id));
    expect(await act(name, variables, url, 2)).toMatchObject({ found: true, user_id: String(id) });
    expect(await statusOf(other.id)).toBe('AVAILABLE');
  });

  it('finds nobody without failing', async () => {
    const answer = await act(name, variablesOf(1), url);
    expect(answer).toMatchObject({ found: false, reason: 'no_agent_available', retry_after_ms: 2000 });
    const had = ['queue', 'agent_id', 'claim_id'];
    expect(Object.keys(answer)).toEqual(['found', 'reason', 'detail', 'retry_after_ms', ...had]);
  });

  it('fails for its author where the queue is unknown', async () => {
    await expect(act(name, { ...variablesOf(1), queue: 'nowhere' }, url)).rejects.toThrow(/^404: .*"unknown_queue"/);
  });
});

describe('the snippet', () => {
  it('finds the same claim as the action', async () => {
    const { variables } = await onDuty();
    const { answer, status } = await runSnippet(variables, url);
    expect([status, answer.found]).toEqual([200, true]);
    expect(await act('claim', variables, url)).toMatchObject({ claim_id: answer.claim_id });
  });
});

describe('the script', () => {
  it('renews while it rings, confirms on answer and completes on release, each harmless to retry', async () => {
    const { id, variables } = await onDuty();
    const { claim_id } = await act('claim', variables, url);
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
    const { claim_id } = await act('claim', variables, url);
    expect(await settle({ ...variables, claimId: String(claim_id) }, 'refused', 2)).toMatchObject({ done: true });
    expect(await statusOf(id)).toBe('BUSY');
    expect(await act('claim', { ...variables, callId: 'another' }, url)).toMatchObject({ found: false });
  });

  it('that lost the claim settles by the call', async () => {
    const { id, variables } = await onDuty();
    const { claim_id } = await act('claim', variables, url);
    expect(await settle({ ...variables, claimId: '' }, 'release')).toMatchObject({ done: true, claim_id });
    expect(await statusOf(id)).toBe('AVAILABLE');
    await expect(settle({ claimId: '', callId: '', apiKey: 'secret' }, 'release')).rejects.toThrow(
      /^400: .*"\/claim_id"/,
    );
  });

  it('can be tried with the commands of the page', async () => {
    const { id } = await onDuty({}, 'crm-eu:support');
    const answers: unknown[] = [];
    for (const command of blocksOf('nice-cxone', 'sh curl')) {
      const { headers, ...request } = readCurl(command);
      const form = { 'content-type': 'application/x-www-form-urlencoded' }; // what curl says of `-d`
      answers.push(await (await send({ ...request, headers: { ...form, ...headers } }, url)).json());
    }
    expect(answers).toMatchObject([
      { found: true, user_id: String(id) },
      { done: true, state: 'ENDED' },
    ]);
  });
});
