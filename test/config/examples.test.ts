import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { EXAMPLE_CONFIG } from '../../src/config/docs.ts';
import { ESTATES, listExamples, referencesIn, renderExample } from '../../src/config/examples/example.ts';
import { renderJsonSchema } from '../../src/config/json-schema.ts';
import { readConfig } from '../../src/config/load.ts';
import { nodeOf, type SchemaNode } from '../../src/config/node.ts';
import { ConfigSchema } from '../../src/config/schema.ts';
import { COMBINATIONS, provideFor } from '../fixtures/examples.ts';

const nameOf = ({ redis, bus }: { redis: string; bus: string }) => `${redis} with ${bus}`;
const EXAMPLES = COMBINATIONS.map((estate) => [nameOf(estate), renderExample(estate)] as const);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-examples-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('an example', () => {
  let env: Record<string, string>;
  beforeAll(() => {
    env = provideFor(EXAMPLES.map(([, text]) => text).join(''), folder);
  });

  test.each(EXAMPLES)('%s is a configuration that fits', (_, text) => {
    expect(readConfig(text, join(folder, 'eu.yaml'), env)).toMatchObject({ region: 'eu-west-1' });
  });

  test.each(EXAMPLES)('%s has no secret in it, and says what it takes from elsewhere', (_, text) => {
    const { variables, files } = referencesIn(text);
    const shown = parse(text);
    const secrets = secretsIn(nodeOf(ConfigSchema), shown);
    expect(secrets.length).toBeGreaterThanOrEqual(3);
    expect(secrets.filter((secret) => !/\$\{.+\}/.test(secret))).toEqual([]);
    const taken = [...text.matchAll(/^# {3}([\w.-]+)$/gm)].map(([, name]) => name);
    expect(taken).toEqual([...variables, ...files]);
  });

  test.each(EXAMPLES)('%s fits on a screen’s width, and fits the JSON Schema', (_, text) => {
    expect(text.split('\n').filter((line) => line.length > 130)).toEqual([]);
    expect(misfits(parse(text))).toEqual([]);
  });

  test('is there for every usual estate', () => {
    for (const [name, estate] of Object.entries(ESTATES)) {
      expect(COMBINATIONS.map(nameOf)).toContain(nameOf(estate));
      expect(listExamples()).toContain(name);
    }
  });
});

describe('the JSON Schema', () => {
  test('is one of draft 2020-12 that describes every key', () => {
    const schema = renderJsonSchema();
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema).toMatchObject({
      required: ['region', 'redis', 'bus', 'regions'],
      properties: {
        claims: { properties: { heldMs: { description: expect.stringMatching(/confirmed/), default: 10_000 } } },
      },
    });
  });

  test('takes the example of the documentation, which has defaults and an own kind of every connection', () => {
    expect(misfits(parse(EXAMPLE_CONFIG))).toEqual([]);
  });

  test('takes a reference for any value, and for a name', () => {
    const text = `${EXAMPLE_CONFIG}listen: { port: "\${PORT}", host: "\${HOST:-::1}" }\nlog: { level: "\${LEVEL}" }\n`;
    expect(misfits(parse(text.replace('us-east-1:', `"\${REGION}":`)))).toEqual([]);
  });

  test.each([
    ['a misspelt key', 'listen: { prot: 1 }', '/listen'],
    ['a number out of range', 'listen: { port: 70000 }', '/listen/port'],
    ['a wrong type', 'listen: { port: high }', '/listen/port'],
    ['a wrong choice', 'log: { level: loud }', '/log/level'],
    ['a section that is none', 'log: loud', '/log'],
    ['a key of another driver', 'bus: { driver: redis-streams, brokers: ["a:1"] }', '/bus'],
    ['a missing key', 'audit: {}\nredis: {}', '/redis'],
    ['an entry that is wrong', 'queues: { a: { withSkill: [{ connection: crm }] } }', '/queues/a/withSkill/0'],
  ])('finds %s, and where', (_, text, place) => {
    expect(misfits({ ...parse(EXAMPLE_CONFIG), ...parse(text) })).toContain(place);
  });
});

const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(renderJsonSchema());

/** The places where a parsed file does not fit the schema, as an editor would mark them. */
function misfits(value: unknown): string[] {
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath }) => instancePath);
}

/** The texts in a parsed file that the schema says are secrets. */
function secretsIn(node: SchemaNode, value: unknown): string[] {
  if (value === undefined) return [];
  if (node.writeOnly) return [value].flat().map(String);
  if (node.anyOf) return [...new Set(node.anyOf.flatMap((branch) => secretsIn(branch, value)))];
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(node.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return [];
  const [named] = Object.values(node.patternProperties ?? {});
  return Object.entries(value).flatMap(([key, item]) => secretsIn(node.properties?.[key] ?? named ?? {}, item));
}
