import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRISK, basic, CxoneClient } from './cxone-client.ts';
import { until } from './until.ts';

describe('discovery and login of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;

  beforeAll(async () => {
    simulator = await startCxoneSimulator({ agents: 3, habits: BRISK });
    client = await CxoneClient.login(simulator);
  });
  afterAll(() => simulator.stop());

  const key = () => ({
    username: simulator.credentials.accessKeyId,
    password: simulator.credentials.accessKeySecret,
  });
  const app = () => basic(simulator.credentials.clientId, simulator.credentials.clientSecret);
  const claimsOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  const json = (body: object) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  it('lead from the issuer over the tenant to the API', async () => {
    const { body: discovered } = await client.ask('/.well-known/openid-configuration');
    expect(discovered).toMatchObject({ issuer: simulator.url, token_endpoint: `${simulator.url}/auth/token` });
    const { body: tokens } = await client.requestToken(key(), app());
    const { tenantId } = claimsOf(tokens.id_token);
    const { body: tenant } = await client.ask(`/.well-known/cxone-configuration?tenantId=${tenantId}`);
    expect(tenant).toMatchObject({
      private: false,
      api_endpoint: simulator.url,
      area: 'na1',
      cluster: 'C31',
      tenantId,
    });
    expect((await client.ask('/.well-known/cxone-configuration?tenantId=nobody')).status).toBe(404);
  });

  it('gives JWTs with the claims of the API user', async () => {
    const { body } = await client.requestToken(key(), app());
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: expect.any(String),
      id_token: expect.any(String),
    });
    const claims = claimsOf(body.id_token);
    expect(claims).toMatchObject({
      iss: simulator.url,
      aud: simulator.credentials.clientId,
      tenantId: expect.any(String),
      icAgentId: expect.any(String),
      icBUId: expect.any(Number),
    });
    expect(claims.exp - claims.iat).toBe(3_600);
    expect(claimsOf(body.access_token).tenantId).toBe(claims.tenantId);
  });

  it('takes the client from the form, and a body of JSON', async () => {
    const { clientId, clientSecret } = simulator.credentials;
    const form = { ...key(), client_id: clientId, client_secret: clientSecret };
    expect((await client.requestToken(form, '')).status).toBe(200);
    const asJson = await client.ask('/auth/token', json({ grant_type: 'password', ...form }));
    expect(asJson.status).toBe(200);
  });

  it('refuses a wrong client, a wrong key, another grant, and a form that is not percent-encoded', async () => {
    const wrongClient = await client.requestToken(key(), basic('somebody', 'x'));
    expect([wrongClient.status, wrongClient.body.error]).toEqual([401, 'invalid_client']);
    const wrongKey = await client.requestToken({ ...key(), password: 'x' }, app());
    expect([wrongKey.status, wrongKey.body.error]).toEqual([401, 'invalid_grant']);
    const grant = await client.requestToken({ grant_type: 'client_credentials' }, app());
    expect([grant.status, grant.body.error]).toEqual([400, 'unsupported_grant_type']);
    const raw = await client.ask('/auth/token', {
      method: 'POST',
      headers: { authorization: app(), 'content-type': 'application/x-www-form-urlencoded' },
      body: `grant_type=password&username=${key().username}&password=${key().password}`,
    });
    expect(raw.body.error).toBe('invalid_grant');
    simulator.switches({ wrongAccessKeyStatus: 400 });
    expect((await client.requestToken({ ...key(), password: 'x' }, app())).status).toBe(400);
    simulator.switches({ wrongAccessKeyStatus: 401 });
  });

  it('renews by refresh token, and knows the older login by access key alone', async () => {
    const { body } = await client.requestToken(key(), app());
    const renewed = await client.requestToken(
      { grant_type: 'refresh_token', refresh_token: body.refresh_token },
      app(),
    );
    expect(renewed.status).toBe(200);
    const { accessKeyId, accessKeySecret } = simulator.credentials;
    const older = await client.ask('/authentication/v1/token/access-key', json({ accessKeyId, accessKeySecret }));
    expect(older.body).toMatchObject({
      access_token: expect.any(String),
      refresh_token_expires_in: expect.any(Number),
    });
    const wrong = await client.ask('/authentication/v1/token/access-key', json({ accessKeyId, accessKeySecret: 'x' }));
    expect(wrong.status).toBe(401);
  });

  it('keeps to the address by which the client came, so that a proxy stays on the way', async () => {
    const { port } = new URL(simulator.url);
    const request = get({ port, path: '/.well-known/openid-configuration', headers: { host: 'proxy.example:81' } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const { issuer, token_endpoint } = JSON.parse(await text(response));
    expect([issuer, token_endpoint]).toEqual(['http://proxy.example:81', 'http://proxy.example:81/auth/token']);
  });

  it('ends older tokens with a login, if so switched', async () => {
    const older = await CxoneClient.login(simulator);
    simulator.switches({ loginEndsOthers: true });
    client = await CxoneClient.login(simulator);
    simulator.switches({ loginEndsOthers: false });
    expect((await older.get('/server-time')).status).toBe(401);
    expect((await client.get('/server-time')).status).toBe(200);
  });

  it('leaves older tokens alone, and ends every token in its time', async () => {
    const brief = await startCxoneSimulator({ agents: 1, habits: BRISK, timings: { tokenLifeMs: 1_000 } });
    try {
      const first = await CxoneClient.login(brief);
      const second = await CxoneClient.login(brief);
      expect((await first.get('/server-time')).status).toBe(200);
      await until(async () => expect((await second.get('/server-time')).status).toBe(401));
      const { headers, text: said } = await first.get('/server-time');
      expect([headers.get('icStatusDescription'), said]).toEqual(['Unauthorized', '']);
    } finally {
      await brief.stop();
    }
  });
});
