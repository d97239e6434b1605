import type { WeatherState } from '../../src/ops/world-line.ts';
import type { Paint } from '../tools/paint.ts';
import type { EventFaults, WeatherReport } from './control.ts';
import type { LinkReport } from './weather.ts';

const STYLE_OF = { clear: 'green', slow: 'yellow', cut: 'red', stalled: 'red' } as const satisfies Record<
  WeatherState,
  string
>;
const NONE = '–';

/** A column: its cells, and their alignment. */
interface Column<Row> {
  title: string;
  isNumber?: true;
  cell(row: Row): string;
  style?(row: Row): (typeof STYLE_OF)[WeatherState] | undefined;
}

const flows = ({ state }: LinkReport) => state === 'clear' || state === 'slow';

const LINKS: Column<LinkReport>[] = [
  { title: 'between', cell: ({ a }) => a },
  { title: 'and', cell: ({ b }) => b },
  { title: 'state', cell: ({ state }) => state, style: ({ state }) => STYLE_OF[state] },
  { title: 'one way ms', isNumber: true, cell: (link) => (flows(link) ? link.latencyMs.toFixed(1) : NONE) },
  { title: 'jitter ms', isNumber: true, cell: (link) => (flows(link) ? `± ${link.jitterMs.toFixed(1)}` : NONE) },
  { title: 'round trip ms', isNumber: true, cell: (link) => (flows(link) ? (2 * link.latencyMs).toFixed(1) : NONE) },
];

type EventRow = WeatherReport['events'][number];

const share =
  (name: Exclude<keyof EventFaults, 'delayMs'>) =>
  (row: EventRow): string =>
    row[name] === 0 ? NONE : `${Number((100 * row[name]).toFixed(1))} %`;

const struck = (row: EventRow) =>
  row.dropEvents + row.duplicateEvents + row.delayEvents + row.reorderEvents > 0 ? 'yellow' : undefined;

const EVENTS: Column<EventRow>[] = [
  { title: 'events of', cell: ({ connection }) => connection, style: struck },
  { title: 'dropped', isNumber: true, cell: share('dropEvents') },
  { title: 'duplicated', isNumber: true, cell: share('duplicateEvents') },
  { title: 'delayed', isNumber: true, cell: share('delayEvents') },
  { title: 'by ms', isNumber: true, cell: (row) => (row.delayEvents === 0 ? NONE : row.delayMs.toString()) },
  { title: 'reordered', isNumber: true, cell: share('reorderEvents') },
];

/** The weather as two aligned tables. */
export function renderWeather({ links, events }: WeatherReport, paint: Paint): string {
  return `${table(LINKS, links, paint)}\n\n${table(EVENTS, events, paint)}\n`;
}

function table<Row>(columns: Column<Row>[], rows: Row[], paint: Paint): string {
  const widths = columns.map(({ title, cell }) => Math.max(title.length, ...rows.map((row) => cell(row).length)));
  const aligned = (text: string, at: number): string =>
    columns[at]?.isNumber ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  const head = columns.map(({ title }, at) => aligned(title, at)).join('  ');
  const lines = rows.map((row) =>
    columns
      .map(({ cell, style }, at) => {
        const text = aligned(cell(row), at);
        const chosen = style?.(row);
        return chosen ? paint(chosen, text) : text;
      })
      .join('  ')
      .trimEnd(),
  );
  return [paint('dim', head.trimEnd()), ...lines].join('\n');
}
