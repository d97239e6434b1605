import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Query } from '../kit/query.ts';
import { Parameters } from './query.ts';
import type { Token, Tokens } from './tokens.ts';
import type { World } from './world.ts';

type Form = Record<string, string | undefined>;

const REFRESH_LIFE_SECONDS = 86_400;

/** Discovery and the two logins. Answers contain the address that the client used, so that it stays behind its proxy. */
export function loginRoutes(app: FastifyInstance, world: World): void {
  discoveryRoutes(app, world);
  const { tokens, switches, faults } = world;

  app.post<{ Body: Form | null }>('/auth/token', async (request, reply) => {
    if (faults.takeOne('failLoginNext')) return reply.code(503).send('');
    const form = request.body ?? {};
    const [id, secret] = clientOf(request, form);
    if (!tokens.isClient(id, secret)) {
      return refuse(reply, 401, 'invalid_client', 'The client is unknown, or its secret is wrong.');
    }
    if (form.grant_type !== 'password' && form.grant_type !== 'refresh_token') {
      return refuse(reply, 400, 'unsupported_grant_type', 'The grant type is not supported.');
    }
    if (!isGranted(form, tokens))
      return refuse(reply, switches.wrongAccessKeyStatus, 'invalid_grant', 'The access key is not valid.');
    return tokenBody(tokens.issue(baseUrl(request)));
  });

  app.post<{ Body: Form | null }>('/authentication/v1/token/access-key', async (request, reply) => {
    if (faults.takeOne('failLoginNext')) return reply.code(503).send('');
    const { accessKeyId, accessKeySecret } = request.body ?? {};
    if (!tokens.isAccessKey(accessKeyId, accessKeySecret)) {
      return refuse(reply, switches.wrongAccessKeyStatus, 'invalid_grant', 'The access key is not valid.');
    }
    const token = tokens.issue(baseUrl(request));
    return { ...tokenBody(token), refresh_token_expires_in: REFRESH_LIFE_SECONDS };
  });
}

function discoveryRoutes(app: FastifyInstance, { org }: World): void {
  app.get('/.well-known/openid-configuration', async (request) => {
    const issuer = baseUrl(request);
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth/authorize`,
      token_endpoint: `${issuer}/auth/token`,
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256'],
      end_session_endpoint: `${issuer}/auth/logout`,
      jwks_uri: `${issuer}/auth/jwks`,
      scopes_supported: ['openid'],
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      display_values_supported: ['page', 'popup'],
      claim_types_supported: ['normal'],
    };
  });

  app.get<{ Querystring: Query }>('/.well-known/cxone-configuration', async (request, reply) => {
    const tenantId = new Parameters(request.query).text('tenantId');
    if (tenantId !== org.tenantId) return refuse(reply, 404, 'not_found', 'The tenant is unknown.');
    const url = baseUrl(request);
    return {
      private: false,
      ui_endpoint: url,
      auth_endpoint: url,
      api_endpoint: url,
      area: 'na1',
      cluster: 'C31',
      domain: 'niceincontact.com',
      acdDomain: 'niceincontact.com',
      uhDomain: 'nice-incontact.com',
      tenantId,
    };
  });

  app.get('/auth/jwks', async () => ({ keys: [] }));
}

function tokenBody({ value, expiresInSeconds, refreshToken, idToken }: Token): object {
  return {
    access_token: value,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    refresh_token: refreshToken,
    id_token: idToken,
  };
}

function isGranted(form: Form, tokens: Tokens): boolean {
  if (form.grant_type === 'refresh_token') return tokens.isRefreshToken(form.refresh_token);
  return tokens.isAccessKey(form.username, form.password);
}

/** Id and secret of the client: from the header, else from the form. */
function clientOf({ headers }: FastifyRequest, form: Form): [string | undefined, string | undefined] {
  const encoded = /^basic (.+)$/i.exec(headers.authorization ?? '')?.[1];
  if (encoded === undefined) return [form.client_id, form.client_secret];
  const [id = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return [id, secret.join(':')];
}

function baseUrl({ headers }: FastifyRequest): string {
  return `http://${headers.host ?? 'localhost'}`;
}

function refuse(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return reply.code(status).send({ error, errorDescription: description });
}
