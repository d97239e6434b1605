import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRISK, GenesysClient, until } from './genesys-client.ts';

const AGENTS = 260;

interface UserBody {
  id: string;
  state: string;
}

describe('the REST API of the Genesys Cloud simulator', () => {
  let simulator: GenesysSimulator;
  let client: GenesysClient;

  beforeAll(async () => {
    simulator = await startGenesysSimulator({ agents: AGENTS, habits: BRISK, requestsPerMinute: 10_000 });
    client = await GenesysClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(AGENTS));
  });
  afterAll(() => simulator.stop());

  const someIds = async (count: number) => {
    const { body } = await client.get(`/api/v2/users?pageSize=${count}`);
    return (body.entities as { id: string }[]).map(({ id }) => id);
  };

  describe('login', () => {
    it('gives a bearer token for client credentials', async () => {
      const { clientId, clientSecret } = simulator.credentials;
      const { status, body } = await client.requestToken(clientId, clientSecret);
      expect(status).toBe(200);
      expect(body).toEqual({ access_token: expect.any(String), token_type: 'bearer', expires_in: 86_400 });
    });

    it('refuses in the shape of the login service, not of the API', async () => {
      const unknown = await client.requestToken('somebody', 'x');
      expect(unknown.status).toBe(400);
      expect(unknown.body).toEqual({ error: 'invalid_client', description: 'client not found' });
      expect((await client.requestToken(simulator.credentials.clientId, 'x')).status).toBe(401);
      const { clientId, clientSecret } = simulator.credentials;
      expect((await client.requestToken(clientId, clientSecret, 'password')).body.error).toBe('unsupported_grant_type');
    });

    it('knows a token until it is revoked', async () => {
      const leaving = await GenesysClient.login(simulator);
      expect((await leaving.call('HEAD', '/api/v2/tokens/me')).status).toBe(200);
      expect((await leaving.call('DELETE', '/api/v2/tokens/me')).status).toBe(200);
      const { status, body } = await leaving.get('/api/v2/users');
      expect(status).toBe(401);
      expect(body).toMatchObject({ code: 'bad.credentials', status: 401 });
    });
  });

  describe('answers', () => {
    it('carry the rate limit and a correlation id that errors repeat', async () => {
      const { headers } = await client.get('/api/v2/users?pageSize=1');
      expect(Number(headers.get('inin-ratelimit-count'))).toBeGreaterThan(0);
      expect(headers.get('inin-ratelimit-allowed')).toBe('10000');
      expect(Number(headers.get('inin-ratelimit-reset'))).toBeLessThanOrEqual(60);
      expect(headers.get('date')).toBeTruthy();
      const missing = await client.get('/api/v2/users/nobody');
      expect(missing.status).toBe(404);
      expect(missing.body).toMatchObject({ code: 'not.found', status: 404, details: [], errors: [] });
      expect(missing.body.contextId).toBe(missing.headers.get('inin-correlation-id'));
    });

    it('ask for a token before anything else', async () => {
      const stranger = new GenesysClient(simulator.url);
      for (const path of ['/api/v2/users', '/api/v2/no/such/thing']) {
        const { status, body } = await stranger.get(path);
        expect(status).toBe(401);
        expect(body.code).toBe('authentication.required');
      }
    });

    it('are 404 where Genesys has nothing, such as /routing/users', async () => {
      for (const path of ['/api/v2/routing/users', '/api/v2/users/presences', '/nothing']) {
        const { status, body } = await client.get(path);
        expect(status, path).toBe(404);
        expect(body.code).toBe('not.found');
      }
    });

    it('are 429 with a time to wait once a token has used up its minute', async () => {
      const strict = await startGenesysSimulator({ agents: 1, requestsPerMinute: 3 });
      try {
        const hasty = await GenesysClient.login(strict);
        for (let request = 1; request <= 3; request++) expect((await hasty.get('/api/v2/users')).status).toBe(200);
        const { status, headers, body } = await hasty.get('/api/v2/users');
        expect(status).toBe(429);
        const wait = headers.get('retry-after');
        expect(Number(wait)).toBeGreaterThan(0);
        expect(body.code).toBe('too.many.requests.retry.after');
        expect(body.message).toContain(`[${wait}] seconds`);
        // The limit is per token: another one is free.
        expect((await (await GenesysClient.login(strict)).get('/api/v2/users')).status).toBe(200);
      } finally {
        await strict.stop();
      }
    });

    it('are 415 and 400 for bodies that cannot be read', async () => {
      const authorization = `Bearer ${client.token}`;
      const post = async (contentType: string, body: string) => {
        const headers = { authorization, 'content-type': contentType };
        const response = await fetch(`${client.url}/api/v2/notifications/channels`, { method: 'POST', headers, body });
        return [response.status, ((await response.json()) as { code: string }).code];
      };
      expect(await post('text/csv', 'a,b')).toEqual([415, 'unsupported.media.type']);
      expect(await post('application/json', '{')).toEqual([400, 'bad.request']);
      expect(await post('application/json', JSON.stringify('x'.repeat(512_001)))).toEqual([
        413,
        'request.entity.too.large',
      ]);
    });
  });

  describe('users', () => {
    it('come in pages that can be followed to the end, each user once', async () => {
      const ids: string[] = [];
      let next: string | undefined = '/api/v2/users?pageSize=100&expand=presence';
      while (next) {
        const { body }: { body: { entities: { id: string; presence: object }[]; total: number; nextUri?: string } } =
          await client.get(next);
        expect(body).toMatchObject({ total: AGENTS, pageCount: 3, pageSize: 100 });
        expect(body.entities.every(({ presence }) => presence)).toBe(true);
        ids.push(...body.entities.map(({ id }) => id));
        next = body.nextUri;
      }
      expect(ids).toHaveLength(AGENTS);
      expect(new Set(ids).size).toBe(AGENTS);
      expect((await client.get('/api/v2/users')).body.entities).toHaveLength(25);
      expect((await client.get('/api/v2/users?pageSize=501')).status).toBe(400);
      expect((await client.get('/api/v2/users?pageNumber=0')).status).toBe(400);
    });

    it('are the same people for the same seed', async () => {
      const twin = await startGenesysSimulator({ agents: AGENTS, paused: true });
      const other = await startGenesysSimulator({ agents: AGENTS, paused: true, seed: 2 });
      try {
        const names = async (of: GenesysSimulator) =>
          (await (await GenesysClient.login(of)).get('/api/v2/users?pageSize=500')).body.entities.map(
            ({ id, name }: { id: string; name: string }) => [id, name],
          );
        const mine = await names(simulator);
        expect(await names(twin)).toEqual(mine);
        expect(await names(other)).not.toEqual(mine);
      } finally {
        await Promise.all([twin.stop(), other.stop()]);
      }
    });

    it('are expanded on demand, with commas or repeated', async () => {
      const plain = (await client.get('/api/v2/users?pageSize=1')).body.entities[0];
      expect(plain).not.toHaveProperty('presence');
      const joined = '/api/v2/users?pageSize=1&expand=presence,routingStatus,conversationSummary,skills,outOfOffice';
      const repeated =
        '/api/v2/users?pageSize=1&expand=presence&expand=routingStatus,conversationSummary&expand=skills&expand=outOfOffice';
      const [user] = (await client.get(joined)).body.entities;
      expect((await client.get(repeated)).body.entities[0]).toEqual(user);
      expect(user).toMatchObject({
        state: 'active',
        presence: { source: 'PURECLOUD', presenceDefinition: { systemPresence: 'On Queue' } },
        routingStatus: { userId: user.id, status: 'IDLE', startTime: expect.stringMatching(/\.\d{3}Z$/) },
        conversationSummary: { userId: user.id, call: { contactCenter: { active: 0, acw: 0 } } },
        outOfOffice: { active: false },
      });
      for (const { proficiency } of user.skills) expect(proficiency).toSatisfy((value) => value >= 0 && value <= 5);
      expect((await client.get(`/api/v2/users/${user.id}?expand=presence`)).body.presence).toEqual(user.presence);
    });

    it('can be chosen by id and state', async () => {
      const ids = await someIds(3);
      const { body } = await client.get(`/api/v2/users?id=${ids[0]},${ids[1]}&id=${ids[2]}`);
      expect(body.entities.map(({ id }: { id: string }) => id)).toEqual(ids);
      expect((await client.get('/api/v2/users?state=inactive')).body.total).toBe(0);
      expect((await client.get('/api/v2/users?state=any')).body.total).toBe(AGENTS);
    });

    it('have a routing status even when they do not exist', async () => {
      const { status, body } = await client.get('/api/v2/users/ffffffff-0000-4000-8000-000000000000/routingstatus');
      expect(status).toBe(200);
      expect(body.status).toBe('OFF_QUEUE');
    });

    it('have queues and skills', async () => {
      const [id] = await someIds(1);
      const queues = (await client.get(`/api/v2/users/${id}/queues`)).body;
      expect(queues.entities.map((queue: { id: string }) => queue.id)).toEqual(simulator.user(String(id)).queueIds);
      const skills = (await client.get(`/api/v2/users/${id}/routingskills`)).body;
      expect(skills.total).toBe(skills.entities.length);
    });
  });

  describe('a deleted user', () => {
    it('is listed only where deleted users are asked for, as such', async () => {
      const other = await startGenesysSimulator({ agents: 2, queues: 1, paused: true });
      const admin = await GenesysClient.login(other);
      const list = async (query: string) => (await admin.get(`/api/v2/users?${query}`)).body.entities as UserBody[];
      const [gone, stays] = (await list('')).map(({ id }) => id);
      other.deleteUser(gone as string);
      expect((await list('')).map(({ id }) => id)).toEqual([stays]);
      expect(await list(`state=any&id=${gone}`)).toMatchObject([{ id: gone, state: 'deleted' }]);
      expect(await list('state=deleted')).toMatchObject([{ id: gone }]);
      await other.stop();
    });
  });

  describe('presence', () => {
    it('is read in bulk for at most 50 users, as a bare array', async () => {
      const ids = await someIds(51);
      const { status, body } = await client.get(`/api/v2/users/presences/purecloud/bulk?id=${ids.slice(0, 50)}`);
      expect(status).toBe(200);
      expect(body.map(({ userId }: { userId: string }) => userId)).toEqual(ids.slice(0, 50));
      const tooMany = await client.get(`/api/v2/users/presences/purecloud/bulk?id=${ids}`);
      expect(tooMany.status).toBe(400);
      expect(tooMany.body.code).toBe('bad.request');
    });

    it('is changed with the id of a definition, and routing status follows', async () => {
      const [id] = await someIds(1);
      const definitions = (await client.get('/api/v2/presence/definitions')).body.entities;
      const coffee = definitions.find(({ name }: { name: string }) => name === 'Coffee');
      expect(coffee).toMatchObject({ systemPresence: 'Break', type: 'User' });
      const path = `/api/v2/users/${id}/presences/purecloud`;
      const patched = await client.call('PATCH', path, { presenceDefinition: { id: coffee.id } });
      expect(patched.body.presenceDefinition).toMatchObject({ id: coffee.id, systemPresence: 'Break' });
      expect((await client.get(path)).body).toEqual(patched.body);
      expect((await client.get(`/api/v2/users/${id}/routingstatus`)).body.status).toBe('OFF_QUEUE');
      expect((await client.call('PATCH', path, { presenceDefinition: { id: 'tea' } })).status).toBe(400);
      simulator.setUser(String(id), { presence: 'On Queue' });
      expect((await client.get(`/api/v2/users/${id}/routingstatus`)).body.status).toBe('IDLE');
    });
  });

  describe('routing', () => {
    it('lists members without a total, 100 at the most', async () => {
      const queue = (await client.get('/api/v2/routing/queues')).body.entities[0];
      const path = `/api/v2/routing/queues/${queue.id}/members`;
      const first = (await client.get(`${path}?pageSize=50&expand=presence,routingStatus`)).body;
      expect(first).not.toHaveProperty('total');
      expect(first).not.toHaveProperty('pageCount');
      expect(first.entities[0]).toMatchObject({
        memberBy: 'user',
        joined: expect.any(Boolean),
        user: { presence: { presenceDefinition: { systemPresence: 'On Queue' } } },
        routingStatus: { status: 'IDLE' },
      });
      let members = 0;
      for (let next: string | undefined = `${path}?pageSize=50`; next; ) {
        const { body }: { body: { entities: object[]; nextUri?: string } } = await client.get(next);
        members += body.entities.length;
        next = body.nextUri;
      }
      expect(members).toBe(queue.memberCount);
      expect((await client.get(`${path}?pageSize=101`)).status).toBe(400);
    });

    it('tells members who have joined from those who have not', async () => {
      const { entities: queues } = (await client.get('/api/v2/routing/queues')).body;
      let away = 0;
      for (const { id, memberCount, joinedMemberCount } of queues) {
        const listed = (await client.get(`/api/v2/routing/queues/${id}/members?joined=false`)).body.entities;
        expect(listed).toHaveLength(memberCount - joinedMemberCount);
        for (const member of listed) expect(simulator.user(member.id).queueIds).not.toContain(id);
        away += listed.length;
      }
      expect(away).toBeGreaterThan(0);
    });

    it('finds queues by name and id, and has skills', async () => {
      const [billing] = (await client.get('/api/v2/routing/queues?name=billing')).body.entities;
      expect(billing.name).toBe('Billing');
      expect((await client.get(`/api/v2/routing/queues/${billing.id}`)).body).toEqual(billing);
      expect((await client.get('/api/v2/routing/queues/none')).status).toBe(404);
      expect((await client.get('/api/v2/routing/skills')).body.total).toBeGreaterThan(3);
    });
  });
});
