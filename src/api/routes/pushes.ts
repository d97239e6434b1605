import type { FastifyInstance, FastifyReply } from 'fastify';
import { wrongText } from '../../agent/text.ts';
import type { PushAnswer } from '../../contract/events.ts';
import { NOT_UTF8, textOf } from '../../ops/utf8.ts';
import { InvalidPush } from '../../platforms/platform.ts';
import type { PushConfig } from '../../platforms/push-settings.ts';
import type { ApiContext } from '../context.ts';
import { isAuthentic } from '../hooks/credentials.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';

/** `POST /v1/platforms/{connection}/events`: what a platform, or a script on it, pushes. Signed are bytes, not JSON. */
export function pushRoutes(server: FastifyInstance, { region, pushes }: ApiContext): void {
  server.register(async (scope) => {
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/v1/platforms/:connection/events',
      { config: { access: 'platform', work: 'claim' } },
      async (request, reply) => {
        const { connection } = request.params as { connection: string };
        const settings = settingsOf(connection);
        if (!settings) {
          const detail = `"${connection}" is no connection of this config that has \`push\` set`;
          return sendProblem(reply, 'pushes_not_set_up', { detail });
        }
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        if (!isAuthentic(settings, request.headers, body)) return refuse(connection, settings, reply);
        const parsed = parse(body);
        if (!parsed) {
          pushes.count(connection, 'malformed');
          return sendProblem(reply, 'not_json', { detail: 'the body is not valid JSON' });
        }
        const wrong = parsed === 'not_utf8' ? [{ field: '/', message: NOT_UTF8 }] : wrongText(parsed.value);
        if (parsed === 'not_utf8' || wrong.length > 0) {
          pushes.count(connection, 'malformed');
          throw new InvalidRequest(wrong);
        }
        reply.status(202);
        return take(connection, parsed.value);
      },
    );
  });

  function settingsOf(name: string): PushConfig | undefined {
    const connection = region.config.connections[name];
    return pushes.has(name) && connection && 'push' in connection ? connection.push : undefined;
  }

  function refuse(connection: string, { scheme }: PushConfig, reply: FastifyReply): FastifyReply {
    pushes.count(connection, 'unauthenticated');
    reply.header('www-authenticate', scheme === 'bearer' ? 'Bearer' : 'HMAC-SHA256');
    return sendProblem(reply, 'unauthenticated', {
      detail:
        scheme === 'bearer' ? '`authorization` does not show the secret' : '`x-muster-signature` is not of this body',
    });
  }

  async function take(connection: string, body: unknown): Promise<PushAnswer> {
    try {
      return await pushes.take(connection, body);
    } catch (error) {
      throw error instanceof InvalidPush ? new InvalidRequest(error.errors) : error;
    }
  }
}

function parse(body: Buffer): { value: unknown } | 'not_utf8' | undefined {
  const text = textOf(body);
  if (text === undefined) return 'not_utf8';
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
