import { createMetrics } from './metrics.ts';

const PREFIX = 'muster_';

/** docs/metrics.md, made from the registry: every metric of Muster's own, its kind, its labels, what it counts. */
export function renderMetricsDocs(): string {
  const own = createMetrics('')
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith(PREFIX));
  const rows = own.map((metric) => `| \`${metric.name}\` | ${metric.type} | ${labelsOf(metric)} | ${metric.help} |`);
  return `${[INTRODUCTION, '| metric | kind | labels | meaning |\n|---|---|---|---|', ...rows].join('\n')}\n`;
}

function labelsOf(metric: object): string {
  // The library's types leave the labels out; every metric has them.
  const { labelNames } = metric as { labelNames: string[] };
  return labelNames.map((label) => `\`${label}\``).join(', ') || '–';
}

const INTRODUCTION = `# Metrics

<!-- Rendered from src/ops/metrics.ts; \`npm run docs\` writes it. -->

\`GET /metrics\` answers in the Prometheus text format. Every instance counts for itself: sum over the instances of a
region. Each metric carries the label \`region\` besides its own. No label ever holds the id of an agent, a call or an
event, so the number of series is bounded by the config. Durations are in seconds; histogram buckets run from
0.1 ms to 65 s in steps of about 1.5. Beside these, the usual \`process_*\` and \`nodejs_*\` metrics of the process are
there. [operations.md](operations.md#what-to-watch) says which of them to alert on.
`;
