import { describe, expect, test } from 'vitest';
import { explore } from '../../models/completeness/explore.ts';
import { PROPERTIES } from '../../models/completeness/properties.ts';
import { BREAKS, HOLDS, worded } from '../../models/completeness/scopes.ts';
import { CONDITIONS, healthyHour } from '../../models/completeness/steady.ts';

describe('completeness as designed', () => {
  const cases = HOLDS.map(([protocol, scope]) => ({ name: protocol.name, within: worded(scope), protocol, scope }));
  test.each(cases)('$name holds every property: $within', ({ protocol, scope }) => {
    const { states, broken } = explore(protocol, scope);
    expect([...broken]).toEqual([]);
    expect(states).toBeGreaterThan(1000);
  });
});

describe('completeness otherwise', () => {
  const cases = BREAKS.map(([protocol, scope, property]) => ({ name: protocol.name, protocol, scope, property }));
  test.each(cases)('$name breaks "$property"', ({ protocol, scope, property }) => {
    const { broken } = explore(protocol, scope, property);
    expect([...broken.keys()]).toContain(property);
    expect(broken.get(property)?.length).toBeGreaterThan(1);
  });

  test('each property is broken by some protocol', () => {
    expect(PROPERTIES.filter((property) => !BREAKS.some(([, , broken]) => broken === property))).toEqual([]);
  });

  test('the design holds in each of these scopes', () => {
    const proven = HOLDS.map(([{ pages }, scope]) => JSON.stringify([pages, scope]));
    const others = BREAKS.filter(([{ pages }, scope]) => !proven.includes(JSON.stringify([pages, scope])));
    expect(others.map(([{ name }]) => name)).toEqual([]);
  });
});

describe('an hour in which nothing is lost, at 50 changes a second', () => {
  test.each(CONDITIONS)('is complete, $learnsPerSecond learnt ahead, bus $delayMs ms', (conditions) => {
    const { uncut, cut, design } = healthyHour(conditions);
    expect(design.alarms).toBe(0);
    expect(design.oldestProofS).toBeLessThan(30);
    expect(uncut).toBeGreaterThan(0);
    expect(cut > 0).toBe(conditions.learnsPerSecond > 0);
  });
});
