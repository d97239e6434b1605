import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, ask, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { type Frame, GenesysClient } from '../simulators/genesys-client.ts';

const SECRET = 'the-secret-of-emea-1';
const BEARER = 'the-secret-of-apac-2';
let simulator: GenesysSimulator;
let client: GenesysClient;
let regions: Regions;
let eu: string;
let us: string;
let users: string[];
let businessUnit: CxoneSimulator;

beforeAll(async () => {
  simulator = await startGenesysSimulator({ agents: 10, paused: true });
  businessUnit = await startCxoneSimulator({ agents: 2, paused: true });
  client = await GenesysClient.login(simulator);
  const { body } = await client.get('/api/v2/users?pageSize=100');
  users = body.entities.map(({ id }: { id: string }) => id);
  const account = { platform: 'genesys', loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: {
      queues: {},
      connections: {
        emea: { ...account, home: 'eu', push: { scheme: 'hmac-sha256', secret: SECRET } },
        apac: { ...account, home: 'us', push: { scheme: 'bearer', secret: BEARER } },
        quiet: { ...account, home: 'us' },
        studio: {
          platform: 'cxone',
          issuerUrl: businessUnit.url,
          ...businessUnit.credentials,
          home: 'eu',
          push: { scheme: 'bearer', secret: BEARER },
        },
        crm: { platform: 'events', home: 'eu' },
      },
    },
  });
  [eu, us] = regions.all.map((region) => region.url) as [string, string];
}, 60_000);
afterAll(async () => {
  await regions.stop();
  await simulator.stop();
  await businessUnit.stop();
});

const signatureOf = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest();

async function post(url: string, connection: string, body: string, headers: Record<string, string>): Promise<Answer> {
  const answer = await fetch(`${url}/v1/platforms/${connection}/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body,
  });
  return { status: answer.status, body: await answer.json() };
}

/** Pushes to a connection as its sender does. */
function push(url: string, connection: string, record: unknown): Promise<Answer> {
  const body = JSON.stringify(record);
  const signature = { 'x-muster-signature': `sha256=${signatureOf(body).toString('hex')}` };
  return post(url, connection, body, connection === 'emea' ? signature : { authorization: `Bearer ${BEARER}` });
}

const known = (url: string, agentId: string) => ask(`${url}/v1/agents/${encodeURIComponent(agentId)}`);
const facets = async (url: string, agentId: string) => (await known(url, agentId)).body.facets;
const everywhere = (agentId: string, expected: object) =>
  vi.waitFor(async () => {
    for (const url of [eu, us]) expect((await known(url, agentId)).body).toMatchObject(expected);
  }, SOON);

/** What an instance has counted of a connection's pushes. */
async function counted(url: string, connection: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^muster_pushes_total\{connection="(\w+)",outcome="(\w+)".*\} (\d+)$/gm);
  return Object.fromEntries(
    [...lines].flatMap(([, of, outcome, n]) => (of === connection ? [[outcome, Number(n)]] : [])),
  );
}

const user = (at: number): string => users[at] as string;
const notification = (userId: string, topic: string, eventBody: object) => ({
  topicName: `v2.users.${userId}.${topic}`,
  eventBody,
  metadata: {},
});
const envelope = ({ topicName, eventBody }: Pick<Frame, 'topicName' | 'eventBody'>) => ({
  'detail-type': topicName.replace(/^(v2\.users\.)[^.]+/, '$1{id}'),
  detail: { topicName, eventBody, metadata: {}, timestamp: new Date().toISOString() },
});
const presence = (systemPresence: string, ms: number) => ({
  presenceDefinition: { systemPresence },
  modifiedDate: new Date(ms).toISOString(),
});

describe('a fact', () => {
  it('is taken in any region, and every region knows it', async () => {
    const ms = Date.now();
    const routingStatus = { status: 'IDLE', startTime: new Date(ms).toISOString() };
    const body = { presence: presence('ON_QUEUE', ms), routingStatus };
    expect(await push(us, 'emea', envelope(notification(user(0), 'activity', body)))).toEqual({
      status: 202,
      body: { accepted: 2, hints: 0, ignored: 0 },
    });
    await everywhere(`emea:${user(0)}`, { status: 'AVAILABLE', home: 'eu', available_since: ms });
    expect(await facets(us, `emea:${user(0)}`)).toEqual(await facets(eu, `emea:${user(0)}`));
  });

  it('that a channel has brought is known already, and the same whoever brings it again', async () => {
    const id = `emea:${user(1)}`;
    const listener = await client.listen([`v2.users.${user(1)}.activity`]);
    simulator.setUser(user(1), { presence: 'Meeting', routingStatus: 'OFF_QUEUE' });
    await everywhere(id, { status: 'BUSY', reason: 'MEETING' });
    const frame = await vi.waitFor(() => {
      const [found] = listener.of('.activity').slice(-1);
      expect(found?.eventBody.presence.presenceDefinition.systemPresence).toMatch(/MEETING/i);
      return found as Frame;
    }, SOON);
    listener.socket.terminate();
    const before = await facets(us, id);
    const { known: knownBefore = 0, accepted = 0 } = await counted(us, 'emea');
    const answer = await push(us, 'emea', envelope(frame));
    expect(answer).toMatchObject({ status: 202, body: { ignored: 0 } });
    expect(await facets(us, id)).toEqual(before);
    expect(await counted(us, 'emea')).toMatchObject({ known: knownBefore + answer.body.accepted, accepted });
    expect(answer.body.accepted).toBeGreaterThanOrEqual(2);
  });

  it('that comes again is answered in the same way, and changes nothing', async () => {
    const id = `emea:${user(2)}`;
    const records = [
      notification(user(2), 'presence', presence('BREAK', Date.now())),
      notification(user(2), 'conversationsummary', {}),
      { 'detail-type': 'Scheduled Event', detail: {} },
    ];
    const first = await push(eu, 'emea', records);
    expect(first).toEqual({ status: 202, body: { accepted: 1, hints: 0, ignored: 2 } });
    await everywhere(id, { status: 'BUSY', reason: 'BREAK' });
    const before = await facets(us, id);
    const { accepted } = await counted(eu, 'emea');
    expect(await push(eu, 'emea', records)).toEqual(first);
    expect(await push(us, 'emea', records)).toEqual(first);
    expect(await facets(us, id)).toEqual(before);
    expect((await counted(eu, 'emea')).accepted).toBe(accepted);
  });

  it('about queues joined replaces those that were known', async () => {
    const id = `emea:${user(3)}`;
    const { name, skills } = (await facets(eu, id)).profile;
    const dateActiveQueuesChanged = new Date().toISOString();
    await push(
      us,
      'emea',
      notification(user(3), 'activity', { activeQueueIds: ['q2', 'q1'], dateActiveQueuesChanged }),
    );
    await everywhere(id, { facets: { profile: { name, skills, queues: ['emea:q1', 'emea:q2'] } } });
  });

  it('is about agents of the connection it is pushed to, and of no other', async () => {
    const before = await facets(us, `emea:${user(4)}`);
    await push(us, 'apac', notification(user(4), 'presence', presence('MEAL', Date.now())));
    await everywhere(`apac:${user(4)}`, { status: 'BUSY', reason: 'MEAL' });
    expect(await facets(us, `emea:${user(4)}`)).toEqual(before);
  });
});

describe('a hint', () => {
  it('has the platform asked, so that what no notification told is known at once', async () => {
    simulator.faults({ dropEvents: 1 });
    simulator.setUser(user(5), { presence: 'Training' });
    const undated = { presenceDefinition: { systemPresence: 'TRAINING' } };
    const answer = await push(us, 'emea', notification(user(5), 'presence', undated));
    expect(answer).toEqual({ status: 202, body: { accepted: 0, hints: 1, ignored: 0 } });
    await everywhere(`emea:${user(5)}`, { status: 'BUSY', reason: 'TRAINING' });
    simulator.faults({ dropEvents: 0 });
  });
});

describe('a sender', () => {
  const body = JSON.stringify([]);
  const hex = signatureOf(body).toString('hex');
  it.each<[string, string, Record<string, string>]>([
    ['signs nothing', 'emea', {}],
    ['signs something else', 'emea', { 'x-muster-signature': `sha256=${signatureOf('[1]').toString('hex')}` }],
    [
      'signs with another secret',
      'emea',
      { 'x-muster-signature': `sha256=${signatureOf(body, BEARER).toString('hex')}` },
    ],
    ['cuts its signature short', 'emea', { 'x-muster-signature': `sha256=${hex.slice(0, 62)}` }],
    ['names no scheme', 'emea', { 'x-muster-signature': hex }],
    ['shows the secret instead of signing', 'emea', { authorization: `Bearer ${SECRET}` }],
    ['shows nothing', 'apac', {}],
    ['shows part of the secret', 'apac', { authorization: `Bearer ${BEARER.slice(0, -1)}` }],
    ['shows the secret of another', 'apac', { authorization: `Bearer ${SECRET}` }],
    ['uses another scheme', 'apac', { authorization: `Basic ${BEARER}` }],
  ])('that %s is not known', async (_what, connection, headers) => {
    const answer = await post(eu, connection, body, headers);
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect(JSON.stringify(answer.body)).not.toContain(BEARER);
  });

  it('that is not known changes nothing, and is counted', async () => {
    const { unauthenticated = 0 } = await counted(eu, 'emea');
    const before = await facets(eu, `emea:${user(6)}`);
    const record = JSON.stringify(notification(user(6), 'presence', presence('MEAL', Date.now())));
    const signature = signatureOf(`${record} `).toString('hex');
    expect((await post(eu, 'emea', record, { 'x-muster-signature': `sha256=${signature}` })).status).toBe(401);
    expect(await facets(eu, `emea:${user(6)}`)).toEqual(before);
    expect((await counted(eu, 'emea')).unauthenticated).toBe(unauthenticated + 1);
  });

  it('may sign in base64, too', async () => {
    const signature = `sha256=${signatureOf(body).toString('base64')}`;
    expect(await post(eu, 'emea', body, { 'x-muster-signature': signature })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });

  it('may sign as docs/webhooks.md says', async ({ skip }) => {
    const run = promisify(execFile);
    const isThere = await run('openssl', ['version']).catch(() => undefined);
    if (!isThere) return skip('there is no openssl');
    const [command] = /^signature=.*$/m.exec(await readFile('docs/webhooks.md', 'utf8')) ?? [];
    const dir = await mkdtemp(join(tmpdir(), 'muster-push-'));
    const record = JSON.stringify(notification(user(7), 'presence', presence('MEAL', Date.now())));
    await writeFile(join(dir, 'body.json'), record);
    const { stdout } = await run('sh', ['-c', `${command}\nprintf %s "$signature"`], {
      cwd: dir,
      env: { ...process.env, SECRET },
    });
    await rm(dir, { recursive: true });
    expect(await post(eu, 'emea', record, { 'x-muster-signature': `sha256=${stdout}` })).toMatchObject({ status: 202 });
  });
});

describe('a push', () => {
  it.each(['crm', 'quiet', 'nobody', 'constructor'])(
    'to a connection that takes none (%s) is told so',
    async (connection) => {
      expect(await post(eu, connection, '{}', { authorization: `Bearer ${BEARER}` })).toMatchObject({
        status: 404,
        body: { code: 'pushes_not_set_up' },
      });
    },
  );

  it('is taken whole or not at all, and says which fields are wrong', async () => {
    const before = await facets(eu, `apac:${user(8)}`);
    const good = notification(user(8), 'presence', presence('MEAL', Date.now()));
    const bad = notification(user(8), 'presence', { modifiedDate: 'yesterday' });
    const answer = await push(eu, 'apac', [good, bad]);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toEqual([
      {
        field: '/1/eventBody/modifiedDate',
        message: 'must be an ISO 8601 time from 2000 to 2100 with its zone, e.g. 2026-03-02T15:01:40Z',
      },
    ]);
    expect(await facets(eu, `apac:${user(8)}`)).toEqual(before);
    expect((await counted(eu, 'apac')).malformed).toBe(1);
  });

  it.each(['2026-03-02T15:01:40', '3/2/2026 3:01:40 PM', '2026-03-02'])(
    'with a time that names no zone is refused, by name: %s',
    async (time) => {
      const refused = (field: string) => ({ status: 400, body: { errors: [{ field }] } });
      const told = notification(user(8), 'presence', { ...presence('MEAL', Date.now()), modifiedDate: time });
      expect(await push(eu, 'apac', told)).toMatchObject(refused('/eventBody/modifiedDate'));
      const record = { event: 'ONANSWER', contactId: 9, agentId: 1, mediaTypeId: 4, at: time };
      expect(await push(eu, 'studio', [record])).toMatchObject(refused('/0/at'));
    },
  );

  it.each<[string, string, string, number, string]>([
    ['no JSON', '{', 'application/json', 400, 'not_json'],
    ['nothing', '', 'application/json', 400, 'not_json'],
    ['no JSON by its type', 'a=b', 'application/x-www-form-urlencoded', 415, 'unsupported_media_type'],
    ['more than a mebibyte', ' '.repeat(1024 * 1024 + 1), 'application/json', 413, 'body_too_large'],
  ])('with %s is refused', async (_what, body, type, status, code) => {
    const answer = await post(eu, 'apac', body, { authorization: `Bearer ${BEARER}`, 'content-type': type });
    expect(answer).toMatchObject({ status, body: { code } });
  });
});

describe('what a Studio script pushes', () => {
  it('is the interaction of its agent in every region, from ring to release, and comes again without harm', async () => {
    const userId = businessUnit.users()[0]?.id as string;
    const record = (event: string, at: number) => {
      return { event, contactId: 9007, agentId: Number(userId), mediaTypeId: 4, at: new Date(at).toISOString() };
    };
    const answered = Date.parse('2026-03-02T10:00:00Z');
    const taken = { status: 202, body: { accepted: 1, hints: 0, ignored: 0 } };
    expect(await push(us, 'studio', record('ONANSWER', answered))).toEqual(taken);
    const call = { call_id: '9007', state: 'CONNECTED' };
    await everywhere(`studio:${userId}`, { facets: { interactions: [call] } });
    expect(await push(eu, 'studio', record('ONRELEASE', answered + 60_000))).toEqual(taken);
    expect(await push(us, 'studio', record('ONANSWER', answered))).toEqual(taken);
    await everywhere(`studio:${userId}`, { facets: { interactions: [{ ...call, state: 'ENDED' }] } });
  });
});
