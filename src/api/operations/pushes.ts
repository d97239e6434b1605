import type { FastifyInstance, FastifyReply } from 'fastify';
import { wrongText } from '../../agent/text.ts';
import { PushAnswer, PushBody, PushPath } from '../../contract/events.ts';
import { NOT_UTF8, textOf } from '../../ops/utf8.ts';
import { InvalidPush } from '../../platforms/platform.ts';
import type { PushConfig } from '../../platforms/push-settings.ts';
import type { Pushes } from '../../routing/read-through/pushes.ts';
import type { HandlerContext } from '../context.ts';
import { isAuthentic } from '../hooks/access.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { IN_BODY, type Operation, operation } from './operation.ts';

export const pushOperations = {
  pushEvents: operation({
    method: 'POST',
    path: '/v1/platforms/{connection}/events',
    tag: 'Events',
    access: 'platform',
    work: 'claim',
    summary: 'Accept what a platform, or a script on it, pushes',
    description:
      'The sender signs the body, or sends the secret in `authorization: Bearer`, as `push` of the connection says. The form of ' +
      'records depends on the platform: see docs/webhooks.md.',
    repeatable: "every fact has the platform's own time, and a repeated one changes nothing.",
    params: PushPath,
    headers: ['x-muster-signature'],
    body: { schema: PushBody, parsers: keepBytes },
    validatedBy: 'handler',
    answers: { 202: { description: 'The push was accepted.', schema: PushAnswer } },
    problems: [...IN_BODY, 'pushes_not_set_up', 'outbox_full', 'not_replicated', 'shard_unavailable'],
    handler: async (request, reply) => {
      const { context } = request.server;
      const { pushes } = context;
      const { connection } = request.params;
      const settings = settingsOf(context, connection);
      if (!settings) {
        const detail = `"${connection}" is not a connection of this config with \`push\``;
        return sendProblem(reply, 'pushes_not_set_up', { detail });
      }
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (!isAuthentic(settings, request.headers, body)) {
        pushes.count(connection, 'unauthenticated');
        return rejectSignature(settings, reply);
      }
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
      return take(pushes, connection, parsed.value);
    },
  }),
} as const satisfies Record<string, Operation>;

/** Keeps the body as bytes, because the signature is computed from them. */
function keepBytes(scope: FastifyInstance): void {
  scope.removeContentTypeParser('application/json');
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function settingsOf({ region, pushes }: HandlerContext, name: string): PushConfig | undefined {
  const connection = region.config.connections[name];
  return pushes.has(name) && connection && 'push' in connection ? connection.push : undefined;
}

function rejectSignature({ scheme }: PushConfig, reply: FastifyReply): FastifyReply {
  reply.header('www-authenticate', scheme === 'bearer' ? 'Bearer' : 'HMAC-SHA256');
  return sendProblem(reply, 'unauthenticated', {
    detail:
      scheme === 'bearer'
        ? '`authorization` does not have the secret'
        : '`x-muster-signature` is not the signature of this body',
  });
}

/** @throws InvalidRequest */
async function take(pushes: Pushes, connection: string, body: unknown): Promise<PushAnswer> {
  try {
    return await pushes.take(connection, body);
  } catch (error) {
    throw error instanceof InvalidPush ? new InvalidRequest(error.errors) : error;
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
