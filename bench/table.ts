import type { Measured } from './summary.ts';
import type { Target } from './targets.ts';
import type { Finding } from './topic.ts';

const SIGNIFICANT = 3;

/** A finding as an aligned table for people. */
export function table({ title, per, rows, reading }: Finding): string {
  const floors = [...new Set(rows.flatMap(({ ratios }) => ratios.map(({ of }) => of)))];
  const head = ['in flight', '', `p50 µs${per ? ` (${per})` : ''}`, 'p99 µs', 'per second', 'script µs', 'commands'];
  const lines = [[...head, ...floors.map((floor) => `÷ ${floor}`)]];
  let last: number | undefined;
  for (const row of rows) {
    if (last !== undefined && last !== row.inFlight) lines.push([]);
    lines.push([...cells(row, row.inFlight !== last), ...floors.map((floor) => ratio(row, floor))]);
    last = row.inFlight;
  }
  const unanswered = rows.reduce((sum, row) => sum + row.unanswered, 0);
  const late = unanswered > 0 ? [`${unanswered} operations got no answer in time and are not counted.`] : [];
  return [title, ...align(lines, 1), reading, ...late].join('\n');
}

/** Targets for people: which are met, and the numbers that decide it. */
export function targetTable(targets: Target[]): string {
  const lines = targets.map(({ name, target, measured, ok }) => [name, short(measured), target, ok ? 'met' : 'MISSED']);
  const met = targets.filter(({ ok }) => ok).length;
  return [...align([['Target', 'measured', 'limit', ''], ...lines], 0), `${met} of ${targets.length} met`].join('\n');
}

/** A number with three significant digits; `–` if it is none. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  return Number(value.toPrecision(SIGNIFICANT)).toLocaleString('en-US', { maximumSignificantDigits: SIGNIFICANT });
}

/** Pads cells: those of one column are to the left, numbers to the right. */
export function align(lines: string[][], left: number): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

function cells(row: Measured, isFirst: boolean): string[] {
  return [
    isFirst ? String(row.inFlight) : '',
    row.name,
    whole(row.p50Us),
    whole(row.p99Us),
    whole(row.perSecond),
    Number.isNaN(row.scriptUs) ? '–' : row.scriptUs.toFixed(1),
    Number.isNaN(row.commands) ? '–' : row.commands.toFixed(2),
  ];
}

function ratio({ ratios }: Measured, floor: string): string {
  const found = ratios.find(({ of }) => of === floor);
  if (!found) return '';
  const { median, min, max } = found.p50;
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
