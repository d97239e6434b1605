import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { wrongFields } from '../../agent/fields.ts';
import { textOf } from '../../ops/utf8.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { notUtf8, wrongPairs } from './well-formed.ts';

/** What a script's designer sends unless somebody says otherwise. */
const FORM = 'application/x-www-form-urlencoded';

/** Takes forms, too, in this scope alone; and JSON that is called a form, because nobody changed the default header. */
export function acceptForms(scope: FastifyInstance): void {
  scope.addContentTypeParser(FORM, { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) => {
    const text = textOf(bytes);
    if (text === undefined) throw notUtf8();
    if (!text.trimStart().startsWith('{')) return readForm(text);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw Object.assign(error as SyntaxError, { statusCode: 400 });
    }
  });
}

/** @throws InvalidRequest */
function readForm(text: string): Record<string, string> {
  const wrong = wrongPairs(text);
  if (wrong.length > 0) throw new InvalidRequest(wrong);
  return Object.fromEntries(new URLSearchParams(text));
}

/**
 * Reads the fields of a request that a script makes, from its query and its body alike. Scripts can hardly leave a
 * field out and know text only: what is empty counts as left out, and numbers may be text, and text numbers.
 * @throws InvalidRequest
 */
export function fieldsReader<S extends TSchema>(schema: S): (request: FastifyRequest) => Static<S> {
  const checker = Compile(schema);
  return ({ query, body }) => {
    if (Array.isArray(body) || (body !== undefined && typeof body !== 'object')) {
      throw new InvalidRequest([{ field: '/', message: 'must be an object of named fields' }]);
    }
    const given = Object.entries({ ...(query as object), ...body }).filter(
      ([, value]) => value !== '' && value !== null,
    );
    const fields = Value.Convert(schema, Object.fromEntries(given));
    if (checker.Check(fields)) return fields;
    throw new InvalidRequest(wrongFields([...checker.Errors(fields)]));
  };
}
