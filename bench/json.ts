import type { Finding } from './topic.ts';

const SIGNIFICANT = 6;

/** Findings as one line of JSON: `[{scenario, rows, targets}]`. What could not be measured is null. */
export function inJson(findings: Finding[]): string {
  const told = findings.map(({ scenario, rows, targets }) => ({ scenario, rows, targets }));
  return JSON.stringify(told, (_, value) => (typeof value === 'number' ? rounded(value) : value));
}

const rounded = (value: number): number | null =>
  Number.isFinite(value) ? Number(value.toPrecision(SIGNIFICANT)) : null;
