import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ACTIONS, AUTH_ACTION, TIMEOUT_S } from '../../integrations/genesys-cloud/source/actions.ts';
import { LONGEST_MS, RouteFields, SettleFields } from '../../src/contract/route.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { eventOf } from '../fixtures/regions.ts';
import { Velocity, velocityOrSkip } from '../fixtures/velocity.ts';
import { CLIENT, type ClosedRegion, startClosedRegion, unlessTurnedAway } from './closed-region.ts';
import { type AuthResponse, authenticate, readAction, runAction } from './data-action.ts';
import { blocksOf, readCurl, send } from './page.ts';

const NAMES = ['claim', 'claim-and-assign', 'confirm', 'release', 'complete'] as const;
type ActionName = (typeof NAMES)[number];
const PAGE = readFileSync(new URL('../../integrations/genesys-cloud/README.md', import.meta.url), 'utf8');
const nowMs = RECENTLY_MS;
const agent = (id: string): string => `crm-eu:${id}`;
/** Whether this Muster delivers calls by itself. */
const DELIVERS = 'deliver' in RouteFields.properties;

test('there are the actions that the tests know', () => {
  expect(ACTIONS.map(({ file }) => file)).toEqual(NAMES);
});

describe.each(NAMES)('the action "%s"', (name) => {
  const { integrationType, actionType, secure, config, contract } = readAction(name);
  const { response, request } = config;
  const outputs = Object.keys(contract.output.successSchema.properties);

  it('has the form that the platform imports, with a host to replace and no secret', () => {
    expect([integrationType, actionType, secure]).toEqual(['custom-rest-actions', 'custom', false]);
    expect(request.requestUrlTemplate).toMatch(/^https:\/\/muster\.example\.com\/v1\/route(\/settle)?$/);
    expect(Object.keys(request.headers)).toEqual(['Content-Type', 'Accept', 'Authorization']);
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

  it('sends fields that Muster has, and demands of the flow what Muster demands', () => {
    const { fixed } = ACTIONS.find(({ file }) => file === name) as (typeof ACTIONS)[number];
    const fields = request.requestUrlTemplate.endsWith('/settle') ? SettleFields : RouteFields;
    const inputs = Object.keys(contract.input.inputSchema.properties);
    const known = [...Object.keys(fields.properties), ...(DELIVERS ? [] : ['deliver'])];
    expect(known).toEqual(expect.arrayContaining([...inputs, ...Object.keys(fixed)]));
    const given = [...contract.input.inputSchema.required, ...Object.keys(fixed)];
    expect(given).toEqual(expect.arrayContaining(fields.required));
    expect(fixed.budget_ms ?? 0).toBeLessThanOrEqual(LONGEST_MS);
    expect(TIMEOUT_S * 1000).toBeGreaterThan(LONGEST_MS);
  });

  it('is on the page, with its inputs', () => {
    expect(PAGE).toContain(`(${name}.json)`);
    for (const input of Object.keys(contract.input.inputSchema.properties)) expect(PAGE).toContain(`\`${input}\``);
  });
});

test('the page has what the custom auth action is given', () => {
  const { requestUrlTemplate, headers, requestTemplate, successTemplate } = AUTH_ACTION;
  const given = [requestUrlTemplate, ...Object.values(headers), requestTemplate, successTemplate];
  expect(given.filter((value) => !PAGE.includes(`\`${value}\``))).toEqual([]);
});

velocityOrSkip('a flow', () => {
  let velocity: Velocity;
  let region: ClosedRegion;
  let authResponse: AuthResponse;

  beforeAll(async () => {
    velocity = new Velocity();
    region = await startClosedRegion();
    authResponse = await authenticate(velocity, credentials());
  });
  afterAll(async () => {
    velocity.stop();
    await region?.stop();
  });

  const credentials = () => ({ loginUrl: region.loginUrl, clientId: CLIENT.id, clientSecret: CLIENT.secret });
  const run = (name: ActionName, input: Record<string, string | undefined>) =>
    unlessTurnedAway(() => runAction(readAction(name), input, { velocity, url: region.url, authResponse }));
  const claim = (queue: string, call_id: string, more = {}) => run('claim', { queue: agent(queue), call_id, ...more });
  const statusOf = async (name: string) => (await region.ask(`/v1/agents/${encodeURIComponent(agent(name))}`)).body;

  it('that finds somebody gets whom to send the call to; the platform tells that they talk', async () => {
    await region.onDuty(agent('ann'), { billing: 70, spanish: 50 });
    const wish = { skills: 'billing:60', language: 'spanish', media: 'voice' };
    const found = await claim('ann', 'conversation-1', wish);
    const whom = { agent_id: agent('ann'), user_id: 'ann', connection: 'crm-eu' };
    expect(found).toMatchObject({ found: true, ...whom, reason: '' });
    expect(await claim('ann', 'conversation-1', wish)).toMatchObject({ found: true, claim_id: found.claim_id });
    const interaction = (state: string, at: number) =>
      region.ask('/v1/events', 'POST', {
        ...eventOf(agent('ann'), 'BUSY', at),
        status: undefined,
        interactions: [{ call_id: 'conversation-1', state, connected_at: nowMs + 1000 }],
      });
    await interaction('CONNECTED', nowMs + 1000);
    const ids = { call_id: 'conversation-1' };
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
      age_ms: 0,
      authority: '',
      verified: false,
      reason: 'no_agent_available',
      detail: expect.stringContaining('no agent of queue'),
      retry_after_ms: expect.any(Number),
    });
    expect(output.retry_after_ms).toBeGreaterThan(0);
  });

  it.skipIf(!DELIVERS)('that has Muster deliver, and finds nobody, is told so in one field more', async () => {
    const output = await run('claim-and-assign', { queue: agent('nobody'), call_id: 'conversation-3' });
    expect(output).toMatchObject({ found: false, delivered: '', reason: 'no_agent_available' });
  });

  it('whose inputs are not set gets what it would get without them', async () => {
    await region.onDuty(agent('una'));
    const unset = { skills: undefined, language: undefined, media: undefined };
    const { claim_id } = await claim('una', 'conversation-4', unset);
    expect(await claim('una', 'conversation-4', { skills: '', language: '', media: '' })).toMatchObject({ claim_id });
    const done = await run('complete', { call_id: 'conversation-4', claim_id: undefined });
    expect(done).toMatchObject({ done: true, claim_id });
    await expect(claim('una', '')).rejects.toThrow(/^400: .*"\/call_id"/);
  });

  it.each(['release', 'refused'])('whose call did not get through gives the agent back: %s', async (settlement) => {
    await region.onDuty(agent(settlement));
    const { claim_id } = await claim(settlement, `conversation-${settlement}`);
    const input = { settlement, claim_id: String(claim_id), call_id: `conversation-${settlement}` };
    const first = await run('release', input);
    expect(first).toMatchObject({ done: true, state: settlement === 'release' ? 'ENDED' : 'WRAP_UP', reason: '' });
    expect(await run('release', input)).toMatchObject({ done: true, state: first.state });
  });

  it('without a claim to settle is told so, in the same fields', async () => {
    const output = await run('confirm', { claim_id: '', call_id: 'never' });
    expect(output).toMatchObject({ done: false, state: '', claim_id: '', expires_in_ms: 0, reason: 'unknown_claim' });
  });

  it.each(['says "hello"\nand \\ more', `$x \${input.queue} #set($a = 1)`, '👨‍👩‍👧 𝄞 español "formal"'])(
    'may be given anything that callers say, and finds who has just that skill: %j',
    async (said) => {
      await region.onDuty(agent('any'), { [said]: 50 }, agent(said));
      const found = await claim(said, `about ${said}`, { language: said });
      expect(found).toMatchObject({ found: true, user_id: 'any', queue: agent(said) });
      expect(await run('complete', { call_id: `about ${said}` })).toMatchObject({ done: true });
    },
  );

  it('with a mistake in it takes the failure path', async () => {
    await expect(run('claim', { queue: 'nowhere', call_id: 'x' })).rejects.toThrow(/^404: .*"unknown_queue"/);
    await expect(claim('nobody', 'x', { media: 'fax' })).rejects.toThrow(/^400: .*"\/media"/);
    await expect(claim('nobody', 'x'.repeat(10_240))).rejects.toThrow(/^400: .*"\/call_id"/);
    await expect(run('claim', { queue: 'support' })).rejects.toThrow('the input breaks its contract');
  });

  it('without a token that Muster believes takes the failure path, and learns nothing', async () => {
    const stranger = { velocity, url: region.url, authResponse: { token_type: 'bearer', access_token: 'x.y.z' } };
    const input = { queue: 'nowhere', call_id: 'x' };
    await expect(runAction(readAction('claim'), input, stranger)).rejects.toThrow(/^401: .*"unauthenticated"/);
    const wrong = { ...credentials(), clientSecret: 'guessed' };
    await expect(authenticate(velocity, wrong)).rejects.toThrow(/^401: /);
  });

  test('the commands of the page do what it says', async () => {
    await region.onDuty(agent('try'), {}, agent('support'));
    const answers: Record<string, unknown>[] = [];
    for (const command of blocksOf('genesys-cloud', 'sh curl')) {
      const { headers, ...asked } = readCurl(command);
      expect(headers.authorization).toBe('Bearer TOKEN');
      const authorization = `Bearer ${authResponse.access_token}`;
      const response = await send({ ...asked, headers: { ...headers, authorization } }, region);
      answers.push((await response.json()) as Record<string, unknown>);
    }
    expect(answers).toMatchObject([
      { found: true, agent_id: agent('try') },
      { done: true, state: 'ENDED' },
    ]);
  });
});

test('the page of both platforms shows the same fields as the contracts', () => {
  const shown = blocksOf('.', 'json').map((block) => Object.keys(JSON.parse(block)));
  const [found = [], nobody = [], done = [], undone = []] = shown;
  const declared = (name: ActionName) => Object.keys(readAction(name).contract.output.successSchema.properties);
  expect(new Set([...found, ...nobody])).toEqual(new Set(declared('claim-and-assign')));
  expect(declared('claim')).toEqual(declared('claim-and-assign').filter((name) => name !== 'delivered'));
  for (const name of ['confirm', 'release', 'complete'] as const) {
    expect(new Set([...done, ...undone])).toEqual(new Set(declared(name)));
  }
});
