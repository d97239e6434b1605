import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { compileValidator } from '../../src/api/hooks/admission.ts';

const schema = Type.Object(
  { limit: Type.Optional(Type.Integer({ minimum: 1 })), explain: Type.Optional(Type.Boolean()), queue: Type.String() },
  { additionalProperties: false },
);
const validatorOf = (httpPart: string) =>
  compileValidator({ schema, httpPart, method: 'GET', url: '/' }) as (sent: unknown) => {
    value?: unknown;
    error?: { instancePath: string }[];
  };
const query = validatorOf('querystring');

it.each([
  [
    { queue: 'a', limit: '20' },
    { queue: 'a', limit: 20 },
  ],
  [
    { queue: '7', explain: 'true' },
    { queue: '7', explain: true },
  ],
  [
    { queue: 'true', explain: 'false' },
    { queue: 'true', explain: false },
  ],
])('a query %j is read as %j', (sent, value) => {
  expect(query(sent)).toEqual({ value });
});

it.each(['true', 'false', '', ' 2', '2.7', '1e3', '0x10', 'null', 'NaN', '-1', ['1', '2']])(
  'a query with the limit %j is rejected',
  (limit) => {
    expect(query({ queue: 'a', limit }).error).toMatchObject([{ instancePath: '/limit' }]);
  },
);

it.each(['1', '0', 'yes', 'TRUE', ''])('a query with the flag %j is rejected', (explain) => {
  expect(query({ queue: 'a', explain }).error).toMatchObject([{ instancePath: '/explain' }]);
});

it('a name of every object is an unknown name', () => {
  expect(query(JSON.parse('{"queue": "a", "__proto__": "1"}')).error).toBeDefined();
  expect(query({ queue: 'a', constructor: '1' }).error).toBeDefined();
});

it('a body is taken as the JSON that it is', () => {
  expect(validatorOf('body')({ queue: 'a', limit: '20' }).error).toMatchObject([{ instancePath: '/limit' }]);
});
