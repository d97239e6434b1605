import { describe, expect, test } from 'vitest';
import { explainKey } from '../../src/config/explain.ts';
import { allKeys } from '../../src/config/keys.ts';

const textOf = (key: string): string => {
  const explanation = explainKey(key);
  return 'text' in explanation ? explanation.text : '';
};
const nearestTo = (key: string): string[] => {
  const explanation = explainKey(key);
  return 'nearest' in explanation ? explanation.nearest : [];
};

describe('a key is explained', () => {
  test('with its meaning, value, unit, default and page', () => {
    expect(textOf('claims.heldMs')).toBe(`claims.heldMs
  Time in which a claim must be confirmed.

  value     a whole number from 1000 to 600000
  unit      milliseconds
  default   10000
  page      docs/configuration.md#claims`);
  });

  test.each([
    ['names of the user’s own', 'connections.genesys-emea.home', 'connections.<name>.home'],
    ['a name with dots', 'regions."eu.west".url', 'regions.<name>.url'],
    ['the place of an entry', 'redis.nodes[1]', 'redis.nodes'],
    ['a place within a list', 'queues.support.withSkill[0].level', 'queues.<name>.withSkill[].level'],
    ['its last part alone', 'retriesPerMinute', 'limits.retriesPerMinute'],
    ['a section', 'bus.sasl', 'bus.sasl'],
  ])('by %s', (_, wanted, path) => {
    expect(textOf(wanted).split('\n')[0]).toBe(path);
  });

  test('with who has it, what it is if not set, and where else to read', () => {
    expect(textOf('bus.brokers')).toContain('(`kafka` only)');
    expect(textOf('bus.brokers')).toContain('default   none: it must be set');
    expect(textOf('redis.password')).toContain('a secret: never shown or logged');
    expect(textOf('limits.retriesPerMinute')).toContain('unit      retries per minute');
    expect(textOf('limits.retriesPerMinute')).toContain('docs/api.md#when-to-ask-again');
    expect(textOf('bus')).toContain('\n    bus.partitions\n');
  });

  test('whichever it is: every key of the schema by its own path', () => {
    const paths = allKeys().map(({ path }) => path);
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => textOf(path).split('\n')[0] !== path)).toEqual([]);
  });
});

test.each([
  ['bus.partition', 'bus.partitions'],
  ['claims.held_ms', 'claims.heldMs'],
  ['requestPerMinute', 'connections.<name>.requestsPerMinute'],
  ['redis.heldMs', 'claims.heldMs'],
  ['listen.prot', 'listen.port'],
])('of one that is not known the nearest are named: %s', (wanted, path) => {
  expect(textOf(wanted)).toBe('');
  expect(nearestTo(wanted)).toContain(path);
});
