import { expect, test } from 'vitest';
import { PRESENCES, ROUTING_STATUSES } from '../../src/platforms/genesys/mapping.ts';
import { COMBINATIONS, renderStateDocs, valuesOf } from '../../src/platforms/genesys/state-docs.ts';

test('docs/states-genesys.md says what the tables say', async () => {
  await expect(renderStateDocs()).toMatchFileSnapshot('../../docs/states-genesys.md');
});

test('no combination is left out, and none is there twice', () => {
  const listed = COMBINATIONS.flatMap(valuesOf).map((words) => JSON.stringify(words));
  expect(new Set(listed).size).toBe(listed.length);
  const presences = [...Object.keys(PRESENCES), undefined].length;
  const states = ['active', 'inactive', 'deleted'].length;
  const counts = ['nothing', 'active', 'after-call work', 'both'].length;
  expect(listed).toHaveLength(states * presences * Object.keys(ROUTING_STATUSES).length * counts);
});
