import { Type } from 'typebox';
import { expect, expectTypeOf, it } from 'vitest';
import { operation } from '../../src/api/operations/operation.ts';

const described = {
  method: 'POST',
  path: '/v1/x/{id}',
  tag: 'Claims',
  access: 'open',
  summary: '',
  problems: [],
} as const;
const params = Type.Object({ id: Type.String() });
const body = { schema: Type.Object({ name: Type.String() }) };
const answers = { 200: { description: '', schema: Type.Object({ count: Type.Number() }) } };

it('gives its handler the types of its schemas', () => {
  const query = Type.Object({ limit: Type.Optional(Type.Integer()) });
  const { handler } = operation({
    ...described,
    params,
    query,
    headers: ['last-event-id'],
    body,
    answers,
    handler: async (request) => {
      expectTypeOf(request.params).toEqualTypeOf<{ id: string }>();
      expectTypeOf(request.query).toEqualTypeOf<{ limit?: number }>();
      expectTypeOf(request.headers['last-event-id']).toEqualTypeOf<string | undefined>();
      expectTypeOf(request.body).toEqualTypeOf<{ name: string }>();
      return { count: request.query.limit ?? 0 };
    },
  });
  expect(handler).toBeTypeOf('function');
});

it('knows nothing of what its handler validates itself', () => {
  const { handler } = operation({
    ...described,
    body,
    validatedBy: 'handler',
    answers,
    handler: async ({ body }) => {
      expectTypeOf(body).toBeUnknown();
      return { count: 0 };
    },
  });
  expect(handler).toBeTypeOf('function');
});

it('takes no handler that answers anything else', () => {
  // @ts-expect-error -- a count is a number
  const { handler } = operation({ ...described, body, answers, handler: async () => ({ count: 'none' }) });
  expect(handler).toBeTypeOf('function');
});
