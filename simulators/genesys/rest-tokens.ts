import type { FastifyInstance, FastifyReply } from 'fastify';
import { tokenOf } from './guard.ts';
import type { Credentials } from './options.ts';
import type { Tokens } from './tokens.ts';
import { UNVERIFIED } from './unverified.ts';

/** `POST /oauth/token`: client credentials. Its errors have their own form, `error` and `description`. */
export function loginRoute(app: FastifyInstance, tokens: Tokens): void {
  app.post<{ Body: Record<string, string> | null }>('/oauth/token', async (request, reply) => {
    const { clientId, clientSecret } = basicCredentials(request.headers.authorization);
    if (request.body?.grant_type !== 'client_credentials') {
      return refuse(reply, 400, 'unsupported_grant_type', 'grant type not supported');
    }
    if (!tokens.knowsClient(clientId)) return refuse(reply, 400, 'invalid_client', 'client not found');
    if (!tokens.isSecret(clientSecret)) {
      return refuse(reply, UNVERIFIED.wrongSecretStatus, 'invalid_client', 'authentication failed');
    }
    const { token, expiresInSeconds } = tokens.issue();
    return { access_token: token.value, token_type: UNVERIFIED.tokenType, expires_in: expiresInSeconds };
  });
}

/** `/api/v2/tokens/me` */
export function tokenRoutes(api: FastifyInstance, organization: { id: string; name: string }, tokens: Tokens): void {
  api.get('/tokens/me', async () => ({ organization, homeOrganization: organization }));
  api.head('/tokens/me', async (_request, reply) => reply.send());
  api.delete('/tokens/me', async (request, reply) => {
    tokens.revoke(tokenOf(request));
    return reply.code(200).send();
  });
}

function basicCredentials(header = ''): Credentials {
  const encoded = /^basic (.+)$/i.exec(header)?.[1] ?? '';
  const [clientId = '', ...secret] = Buffer.from(encoded, 'base64').toString().split(':');
  return { clientId, clientSecret: secret.join(':') };
}

function refuse(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return reply.code(status).send({ error, description });
}
