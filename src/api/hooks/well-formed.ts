import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WrongField } from '../../agent/fields.ts';
import { wrongText } from '../../agent/text.ts';
import { NOT_UTF8, textOf } from '../../ops/utf8.ts';
import { REQUEST_HEADERS } from '../operations/headers.ts';
import type { Operation } from '../operations/operation.ts';
import { operationOf } from '../operations/operations.ts';
import { InvalidRequest } from '../problems/failures.ts';

/**
 * Refuses what is no well-formed text, wherever in a request it is, once the caller is known and before anything is done.
 * Paths that cannot be decoded lead to no route: see `answerBadPath`.
 */
export function demandWellFormed(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const text = textOf(bytes);
    // What it would say is not known: that it is not as it must be is.
    if (text === undefined) done(notUtf8());
    else parse(request, text, done);
  });
  server.addHook('preValidation', (request, _reply, done) => {
    const wrong = request.is404 ? [] : [...wrongHeaders(request), ...wrongInQuery(request), ...wrongInBody(request)];
    done(wrong.length > 0 ? new InvalidRequest(wrong) : undefined);
  });
}

export const notUtf8 = (): InvalidRequest => new InvalidRequest([{ field: '/', message: NOT_UTF8 }]);

/** A body of bytes is read, and looked through, by its own route. */
const wrongInBody = ({ body }: FastifyRequest): WrongField[] => (Buffer.isBuffer(body) ? [] : wrongText(body));

/** HTTP has bytes in headers: what is beyond ASCII is read by everybody as something else. */
function wrongHeaders(request: FastifyRequest): WrongField[] {
  return Object.keys(REQUEST_HEADERS).flatMap((name) => {
    const isPlain = PLAIN.test(String(request.headers[name] ?? ''));
    return isPlain || !isHeaderRead(request, name) ? [] : [{ field: name, message: 'must be of printable ASCII' }];
  });
}

const PLAIN = /^[\t\x20-\x7e]*$/;

function isHeaderRead(request: FastifyRequest, name: string): boolean {
  const { headers = [], unlessKnown } = operationFor(request) ?? {};
  return (headers as readonly string[]).includes(name) || (unlessKnown === true && name === 'if-none-match');
}

function wrongInQuery(request: FastifyRequest): WrongField[] {
  const start = request.url.indexOf('?');
  if (start < 0 || request.url.indexOf('%', start) < 0 || !isRead(request)) return [];
  return wrongPairs(request.url.slice(start + 1));
}

/** Whether anything of the query is read: then the operation says that it may be refused. */
const isRead = (request: FastifyRequest): boolean => operationFor(request)?.query !== undefined;

function operationFor({ method, routeOptions }: FastifyRequest): Operation | undefined {
  return operationOf(method === 'HEAD' ? 'GET' : method, routeOptions.url ?? '')?.[1];
}

/** The pairs of a query or a form that are not percent-encoded UTF-8. */
export function wrongPairs(text: string): WrongField[] {
  return text.split('&').flatMap((pair) => {
    const [name = '', ...value] = pair.split('=');
    if (isEncoded(name) && isEncoded(value.join('='))) return [];
    const field = isEncoded(name) ? decodeURIComponent(name) : name;
    return [{ field: `/${field}`, message: 'is not percent-encoded UTF-8: is % in it written as %25?' }];
  });
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
