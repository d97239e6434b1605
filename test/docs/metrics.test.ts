import { expect, test } from 'vitest';
import { renderMetricsDocs } from '../../src/ops/docs.ts';
import { createMetrics } from '../../src/ops/metrics.ts';

test('docs/metrics.md says what the registry says', async () => {
  await expect(renderMetricsDocs()).toMatchFileSnapshot('../../docs/metrics.md');
});

test('the page names every metric of an instance', async () => {
  const { registry, ...metrics } = createMetrics('eu-west-1');
  const page = renderMetricsDocs();
  const own = registry.getMetricsAsArray().filter(({ name }) => name.startsWith('muster_'));
  expect(own).toHaveLength(Object.keys(metrics).length);
  for (const { name } of own) expect(page).toContain(`| \`${name}\` |`);
});
