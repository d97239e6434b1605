import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** Texts that stand for a value of a type. Nothing else does: not `true` for 1, and not `2.7` for 2. */
const READ_FROM_TEXT: Record<string, (text: string) => unknown> = {
  integer: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** Validates requests by compiled schemas. Integers and booleans of a query are read from their texts; a body is JSON already. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (sent) => {
    const value = httpPart === 'body' ? sent : fromTexts(schema, sent);
    return validator.Check(value) ? { value } : { error: validator.Errors(value) as unknown as Error };
  };
};

function fromTexts(schema: TSchema, texts: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const read = Object.entries(texts).map(([name, text]) => {
    const readFrom = READ_FROM_TEXT[properties[name]?.type ?? ''];
    return [name, readFrom && typeof text === 'string' ? readFrom(text) : text];
  });
  return Object.fromEntries(read);
}
