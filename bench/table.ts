import type { Measured } from './compare.ts';
import type { Finding } from './topic.ts';

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
  return [title, ...align(lines), reading, ...late].join('\n');
}

function cells(row: Measured, isFirst: boolean): string[] {
  return [
    isFirst ? String(row.inFlight) : '',
    row.name,
    whole(row.p50Us),
    whole(row.p99Us),
    whole(row.perSecond),
    Number.isNaN(row.scriptUs) ? '–' : row.scriptUs.toFixed(1),
    row.commands.toFixed(2),
  ];
}

function ratio({ ratios }: Measured, floor: string): string {
  const found = ratios.find(({ of }) => of === floor);
  if (!found) return '';
  const { median, min, max } = found.p50;
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

/** Numbers to the right, names to the left. */
function align(lines: string[][]): string[] {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines.map((line) =>
    line
      .map((cell, column) => (column === 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
