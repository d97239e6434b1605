import { describe, expect, test } from 'vitest';
import { renderConfigDocs } from '../../src/config/docs.ts';
import { nodeOf, type SchemaNode } from '../../src/config/node.ts';
import { ConfigSchema } from '../../src/config/schema.ts';

describe('docs/configuration.md', () => {
  test('says what the schema says', async () => {
    await expect(renderConfigDocs()).toMatchFileSnapshot('../../docs/configuration.md');
  });

  test('has a description of every key', () => {
    expect(undescribed(nodeOf(ConfigSchema), '')).toEqual([]);
  });
});

function undescribed(node: SchemaNode, path: string): string[] {
  const named = Object.entries(node.properties ?? {});
  const missing = named.filter(([, child]) => !child.description).map(([key]) => `${path}.${key}`);
  const below = [...named, ...Object.entries(node.patternProperties ?? {}), ...Object.entries(node.anyOf ?? {})];
  return [...missing, ...below.flatMap(([key, child]) => undescribed(child, `${path}.${key}`))];
}
