import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { type DataAction, readAction, runAction } from './data-action.ts';
import { blocksOf, readCurl, send } from './page.ts';

const NAMES = ['claim', 'confirm', 'release', 'complete'] as const;
const actions = Object.fromEntries(NAMES.map((name) => [name, readAction(name)])) as Record<
  (typeof NAMES)[number],
  DataAction
>;
const PAGE = readFileSync(new URL('../../integrations/genesys-cloud/README.md', import.meta.url), 'utf8');
const nowMs = Date.parse('2026-03-02T10:00:00Z');
let regions: Regions;
let url: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], replicas: false });
  url = regions.all[0]?.url as string;
});
afterAll(() => regions.stop());

const agent = (id: string): string => `crm-eu:${id}`;
const statusOf = async (name: string) => (await ask(`${url}/v1/agents/${encodeURIComponent(agent(name))}`)).body;
const run = (name: (typeof NAMES)[number], input: Record<string, unknown>) => runAction(actions[name], input, url);

async function onDuty(name: string, skills = {}): Promise<void> {
  const event = eventOf(agent(name), 'AVAILABLE', nowMs, { profile: { queues: [agent(name)], skills } });
  expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
}

const claim = (queue: string, call_id: string, more = {}) =>
  run('claim', { queue: agent(queue), call_id, skills: '', language: '', media: '', ...more });

describe.each(NAMES)('the action "%s"', (name) => {
  const { integrationType, actionType, secure, config, contract } = actions[name];
  const { response, request } = config;
  const outputs = Object.keys(contract.output.successSchema.properties);

  it('has the form that the platform imports, with a host to replace and no secret', () => {
    expect([integrationType, actionType, secure]).toEqual(['custom-rest-actions', 'custom', false]);
    expect(request.requestUrlTemplate).toMatch(/^https:\/\/muster\.example\.com\/v1\/route(\/settle)?$/);
    expect(request.headers['x-api-key']).toMatch(/^\$\{credentials\.\w+\}$/);
  });

  it('maps every field of its contract, flat, and has a default for all but the one to branch on', () => {
    const [first, ...others] = outputs;
    expect(['found', 'done']).toContain(first);
    expect(Object.keys(response.translationMap)).toEqual(outputs);
    expect(Object.keys(response.translationMapDefaults)).toEqual(others);
    expect(contract.output.successSchema.required).toEqual(outputs);
    for (const { type } of Object.values(contract.output.successSchema.properties)) {
      expect(['string', 'integer', 'boolean']).toContain(type);
    }
  });

  it('uses every input it asks for', () => {
    const inputs = Object.keys(contract.input.inputSchema.properties);
    expect(contract.input.inputSchema.required).toEqual(inputs);
    for (const input of inputs) expect(request.requestTemplate).toContain(`esc.jsonString(input.${input})`);
  });

  it('is on the page, with its inputs', () => {
    expect(PAGE).toContain(`(${name}.json)`);
    for (const input of Object.keys(contract.input.inputSchema.properties)) expect(PAGE).toContain(`\`${input}\``);
  });
});

describe('a flow', () => {
  it('that finds somebody gets whom to transfer to; the platform tells that they talk', async () => {
    await onDuty('ann', { billing: 70, spanish: 50 });
    const wish = { skills: 'billing:60', language: 'spanish', media: 'voice' };
    const found = await claim('ann', 'conversation-1', wish);
    expect(found).toMatchObject({
      found: true,
      agent_id: agent('ann'),
      user_id: 'ann',
      connection: 'crm-eu',
      reason: '',
    });
    expect(await claim('ann', 'conversation-1', wish)).toMatchObject({ found: true, claim_id: found.claim_id });
    const interaction = (state: string, at: number) =>
      ask(`${url}/v1/events`, 'POST', {
        ...eventOf(agent('ann'), 'BUSY', at),
        status: undefined,
        interactions: [{ call_id: 'conversation-1', state, connected_at: nowMs + 1000 }],
      });
    await interaction('CONNECTED', nowMs + 1000);
    const ids = { claim_id: '', call_id: 'conversation-1' };
    expect(await run('confirm', ids)).toMatchObject({ done: true, state: 'CONFIRMED', claim_id: found.claim_id });
    await interaction('ENDED', nowMs + 9000);
    expect(await run('complete', ids)).toMatchObject({ done: true, state: 'ENDED' });
    expect(await statusOf('ann')).toMatchObject({ status: 'AVAILABLE' });
  });

  it('that finds nobody is told why, in the same fields', async () => {
    const output = await claim('nobody', 'conversation-2');
    expect(output).toEqual({
      found: false,
      agent_id: '',
      connection: '',
      user_id: '',
      claim_id: '',
      expires_in_ms: 0,
      replicated: false,
      queue: agent('nobody'),
      authority: '',
      verified: false,
      reason: 'no_agent_available',
      detail: expect.stringContaining('nobody in queue'),
      retry_after_ms: 2000,
    });
  });

  it.each(['release', 'refused'])('whose transfer failed gives the agent back: %s', async (settlement) => {
    await onDuty(settlement);
    const { claim_id } = await claim(settlement, `conversation-${settlement}`);
    const input = { settlement, claim_id, call_id: '' };
    const first = await run('release', input);
    expect(first).toMatchObject({ done: true, state: settlement === 'release' ? 'ENDED' : 'WRAP_UP', reason: '' });
    expect(await run('release', input)).toMatchObject({ done: true, state: first.state });
  });

  it('without a claim to settle is told so, in the same fields', async () => {
    const output = await run('confirm', { claim_id: '', call_id: 'never' });
    expect(output).toMatchObject({ done: false, state: '', claim_id: '', expires_in_ms: 0, reason: 'unknown_claim' });
  });

  it('may be given anything that callers say, quotes and lines too', async () => {
    const output = await claim('nobody', 'says "hello"\nand \\ more', { language: 'español "formal"' });
    expect(output).toMatchObject({ found: false, reason: 'no_agent_available' });
  });

  it('with a mistake in it takes the failure path', async () => {
    const input = { queue: 'nowhere', call_id: 'x', skills: '', language: '', media: '' };
    await expect(run('claim', input)).rejects.toThrow(/^404: .*"unknown_queue"/);
    await expect(claim('nobody', 'x', { media: 'fax' })).rejects.toThrow(/^400: .*"\/media"/);
    await expect(run('claim', { queue: 'support' })).rejects.toThrow('the input breaks its contract');
  });
});

test('the commands of the page do what it says', async () => {
  const event = eventOf(agent('try'), 'AVAILABLE', nowMs, { profile: { queues: [agent('support')], skills: {} } });
  expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
  const answers: Record<string, unknown>[] = [];
  for (const command of blocksOf('genesys-cloud', 'sh curl')) {
    answers.push((await (await send(readCurl(command), url)).json()) as Record<string, unknown>);
  }
  expect(answers).toMatchObject([
    { found: true, agent_id: agent('try') },
    { done: true, state: 'ENDED' },
  ]);
});

test('the page of both platforms shows the same fields as the contracts', () => {
  const shown = blocksOf('.', 'json').map((block) => Object.keys(JSON.parse(block)));
  const [found = [], nobody = [], done = [], undone = []] = shown;
  const declared = (name: (typeof NAMES)[number]) =>
    Object.keys(actions[name].contract.output.successSchema.properties);
  expect(new Set([...found, ...nobody])).toEqual(new Set(declared('claim')));
  for (const name of ['confirm', 'release', 'complete'] as const) {
    expect(new Set([...done, ...undone])).toEqual(new Set(declared(name)));
  }
});
