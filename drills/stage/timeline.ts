import type { Paint } from '../../world/tools/paint.ts';
import { markOf } from './render.ts';
import type { DrillReport, Pulse, StepReport } from './report.ts';

const COLUMNS = 60;
const NAME_WIDTH = 16;
const LEVELS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/**
 * Claims granted to the callers of each region over the time of the drill, above the numbers of the steps that began
 * then; empty for a drill without calls.
 */
export function renderTimeline({ pulse, steps, took_ms }: DrillReport, paint: Paint): string[] {
  const rows = Object.entries(pulse.granted);
  const highest = Math.max(0, ...rows.flatMap(([, series]) => columnsOf(series, pulse, took_ms)));
  if (highest === 0) return [];
  const width = widthOf(pulse, took_ms);
  const seconds = Math.round((width * columnMs(pulse, took_ms)) / 1_000);
  const end = `${seconds} s`;
  return [
    '',
    paint('dim', 'Claims granted to the callers of each region, and when each step began:'),
    ...rows.map(([region, series]) => {
      const bars = columnsOf(series, pulse, took_ms).map((count) => LEVELS[levelOf(count, highest)] ?? '');
      return `${region.padEnd(NAME_WIDTH)}${paint('green', bars.join('').padEnd(width))}`.trimEnd();
    }),
    `${''.padEnd(NAME_WIDTH)}${marksOf(steps, pulse, took_ms)}`.trimEnd(),
    paint('dim', `${''.padEnd(NAME_WIDTH)}0 s${end.padStart(Math.max(end.length, width - 3))}`),
  ];
}

/** Duration of one column: a whole number of intervals. */
function columnMs({ interval_ms }: Pulse, tookMs: number): number {
  return interval_ms * Math.max(1, Math.ceil(tookMs / interval_ms / COLUMNS));
}

function widthOf(pulse: Pulse, tookMs: number): number {
  return Math.max(1, Math.ceil(tookMs / columnMs(pulse, tookMs)));
}

function columnsOf(series: readonly number[], pulse: Pulse, tookMs: number): number[] {
  const per = columnMs(pulse, tookMs) / pulse.interval_ms;
  return Array.from({ length: widthOf(pulse, tookMs) }, (_, column) =>
    series.slice(column * per, (column + 1) * per).reduce((total, count) => total + count, 0),
  );
}

function levelOf(count: number, highest: number): number {
  return Math.ceil((count / highest) * (LEVELS.length - 1));
}

/** If two steps began in one column, the later one is shown. */
function marksOf(steps: readonly StepReport[], pulse: Pulse, tookMs: number): string {
  const marks = Array.from({ length: widthOf(pulse, tookMs) }, () => ' ');
  for (const [at, { at_ms }] of steps.entries()) {
    marks[Math.min(marks.length - 1, Math.floor(at_ms / columnMs(pulse, tookMs)))] = markOf(at + 1);
  }
  return marks.join('');
}
