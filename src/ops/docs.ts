import { createMetrics } from './metrics.ts';

const PREFIX = 'muster_';

/** Renders docs/metrics.md from the registry: each of Muster's metrics with its kind, labels and help text. */
export function renderMetricsDocs(): string {
  const own = createMetrics('')
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith(PREFIX));
  const rows = own.map((metric) => `| \`${metric.name}\` | ${metric.type} | ${labelsOf(metric)} | ${metric.help} |`);
  return `${[INTRODUCTION, '| metric | kind | labels | meaning |\n|---|---|---|---|', ...rows].join('\n')}\n`;
}

function labelsOf(metric: object): string {
  // The library's types lack `labelNames`; every metric has it.
  const { labelNames } = metric as { labelNames: string[] };
  return labelNames.map((label) => `\`${label}\``).join(', ') || '–';
}

const INTRODUCTION = `# Metrics

<!-- Rendered from src/ops/metrics.ts; \`npm run docs\` writes it. -->

\`GET /metrics\` answers in the Prometheus text format. Each instance counts on its own: sum over the instances of a
region. Each metric carries the label \`region\` besides its own. No label holds the id of an agent, a call or an
event, so the number of series is bounded by the config. Durations are in seconds; histogram buckets run from
0.1 ms to 65 s in steps of about 1.5. The usual \`process_*\` and \`nodejs_*\` metrics of the process are exported, too.
[operations.md](operations.md#what-to-watch) says which metrics to alert on.
`;
