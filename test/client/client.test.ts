import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AnswerOf,
  type Client,
  createClient,
  MusterProblem,
  NoAnswer,
  type RequestOf,
} from '@muster-routing/muster/client';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import type { AgentAnswer } from '../../src/contract/agents.ts';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import { readBuild } from '../../src/ops/build.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { eventOf, type Regions, startRegions } from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: Client;
let us: Client;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all.map(({ url }) => createClient({ url })) as [Client, Client];
  const profile = { queues: ['crm-eu:support'], skills: { billing: 70 } };
  const body = eventOf('crm-eu:ana', 'AVAILABLE', sinceMs, { profile }) as RequestOf<'sendEvents'>['body'];
  await eu.sendEvents({ body });
});
afterAll(() => regions.stop());

const refusal = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => expect.unreachable('it was answered'),
    (error: unknown) => error,
  );

describe('a client of real regions', () => {
  it('claims, settles, and reads after what it wrote', async () => {
    const granted = await eu.createClaim({ body: { queue: 'support', call_id: 'call-1', skills: { billing: 50 } } });
    expect(granted).toMatchObject({ status: 201, body: { agent_id: 'crm-eu:ana', state: 'HELD' } });
    const id = granted.body.claim_id;
    expect((await eu.confirmClaim({ params: { id } })).body.state).toBe('CONFIRMED');
    const { body, token = '' } = await eu.completeClaim({ params: { id }, body: { budget_ms: 1000 } });
    expect(body.state).toBe('ENDED');
    const read = await us.getAgent({ params: { id: 'crm-eu:ana' }, headers: { 'muster-consistency': token } });
    expect(read.body).toMatchObject({ name: 'crm-eu:ana', status: 'AVAILABLE' });
    expect(read.headers['muster-answered-by']).toMatch(/^(eu|us)$/);
  });

  it('asks with a query, and without anything', async () => {
    const { body } = await us.findAgents({ query: { queue: 'support', limit: 3, explain: true } });
    expect('agents' in body && body.agents.length).toBeGreaterThanOrEqual(0);
    const { version, revision } = readBuild();
    expect((await us.getHealth()).body).toEqual({ status: 'ok', region: 'us', version, revision });
    expect((await us.getMetrics()).body).toContain('# HELP muster_');
  });

  it('throws what is a problem, with what the problem says', async () => {
    const error = await refusal(eu.createClaim({ body: { queue: 'support', call_id: 'x', skills: ['latin'] } }));
    if (!(error instanceof MusterProblem && error.is('no_agent_available'))) throw error;
    expect(error.problem.passed_over.skill).toBe(1);
    expectTypeOf(error.problem.passed_over.seen).toEqualTypeOf<number>();
    expect(error.message).toMatch(/^No agent is available: /);
  });
});

describe('what may be repeated', () => {
  it('is, until somebody answers', async () => {
    const { server, asked, url } = await answering(2);
    const { body } = await createClient({ url }).getHealth();
    expect({ body, asked: asked.length }).toEqual({ body: { status: 'ok', region: 'eu' }, asked: 3 });
    server.close();
  });

  it('is not where nobody wants it', async () => {
    const { server, asked, url } = await answering(1);
    expect(await refusal(createClient({ url, attempts: 1 }).getHealth())).toBeInstanceOf(NoAnswer);
    expect(asked).toHaveLength(1);
    server.close();
  });

  it('ends with the deadline, and says that there was no answer', async () => {
    const { server, url } = await answering(Number.POSITIVE_INFINITY);
    const error = await refusal(createClient({ url, deadlineMs: 60, attempts: 1000 }).getHealth());
    expect(error).toBeInstanceOf(NoAnswer);
    server.close();
  });
});

it('shows a token where it has one, and tells when something else answers', async () => {
  const { server, asked, url } = await answering(0, 'text/html');
  expect(await refusal(createClient({ url, token: () => 'secret' }).getHealth())).toBeInstanceOf(NoAnswer);
  expect(asked).toEqual(['Bearer secret']);
  server.close();
});

it('knows what belongs into a request, and what is in an answer', () => {
  expectTypeOf<AnswerOf<'getAgent'>['body']>().toEqualTypeOf<AgentAnswer>();
  expectTypeOf<AnswerOf<'createClaim'>['status']>().toEqualTypeOf<200 | 201>();
  expectTypeOf<AnswerOf<'renewClaim'>['body']>().toEqualTypeOf<ClaimAnswer>();
  expectTypeOf<RequestOf<'createClaim'>['body']['queue']>().toEqualTypeOf<string>();
  const unsaid = (client: Client) => [
    // @ts-expect-error -- an agent without an id is nobody
    client.getAgent({}),
    // @ts-expect-error -- there is no such field
    client.createClaim({ body: { queue: 'q', call_id: 'c', priority: 1 } }),
    // @ts-expect-error -- and no such medium
    client.getQueue({ params: { id: 'q' }, query: { media: 'fax' } }),
  ];
  expect(unsaid).toBeTypeOf('function');
});

/** Breaks off so many connections before it answers; remembers what each request showed. */
async function answering(broken: number, type = 'application/json') {
  const asked: (string | undefined)[] = [];
  const server: Server = createServer(({ headers, socket }, response) => {
    asked.push(headers.authorization);
    if (asked.length <= broken) socket.destroy();
    else response.setHeader('content-type', type).end('{"status":"ok","region":"eu"}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
