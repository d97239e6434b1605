import { describe, expect, test } from 'vitest';
import { renderAsyncApi } from '../../src/bus/asyncapi.ts';
import * as envelope from '../../src/bus/envelope.ts';
import { asyncApi, wrongIn } from '../fixtures/asyncapi.ts';

test('docs/asyncapi.yaml says what the schemas say', async () => {
  await expect(renderAsyncApi()).toMatchFileSnapshot('../../docs/asyncapi.yaml');
});

test('every type that is sealed is a message of the topic, and no other', () => {
  const sealed = Object.values(envelope).filter((each) => typeof each === 'string');
  expect(
    Object.values(asyncApi.components.messages)
      .flatMap(({ headers }) => headers?.properties.ce_type?.const ?? [])
      .sort(),
  ).toEqual(sealed.sort());
});

describe.each(Object.entries(asyncApi.components.messages))('%s', (name, { examples }) => {
  test('has examples that fit', () => {
    expect(examples).not.toEqual([]);
    for (const { headers = {}, payload } of examples) expect(wrongIn(name, headers, payload)).toEqual([]);
  });
});

test('a message that does not fit is told from one that does', () => {
  const [example] = asyncApi.components.messages.agentChanged?.examples ?? [];
  const { headers = {}, payload } = example ?? {};
  expect(wrongIn('agentChanged', { ...headers, ce_type: 'other' }, payload)).not.toEqual([]);
  expect(wrongIn('agentChanged', { ...headers, more: '1' }, payload)).not.toEqual([]);
  expect(wrongIn('agentChanged', headers, { ...(payload as object), status: 'ASLEEP' })).not.toEqual([]);
});

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(asyncApi).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
  expect(references.length).toBeGreaterThan(10);
  for (const path of references) expect(lookUp(path.split('/')), path).toBeDefined();
});

function lookUp(path: string[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], asyncApi);
}
