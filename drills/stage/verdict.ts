import type { Paint } from '../../world/tools/paint.ts';
import { WIDTH, wrap } from './render.ts';
import type { DrillReport, DrillsReport } from './report.ts';
import { duration } from './words.ts';

const NAME_WIDTH = 17;
/** Reasons of safety come first, then those of agents who are taken. */
const ORDER = ['stale', 'unreachable', 'budget', 'held', 'claimed', 'busy', 'skill'];

interface Column {
  title: string;
  cell(drill: DrillReport): number;
}

const OUTCOMES: Column[] = [
  { title: 'connected', cell: ({ calls }) => calls.connected },
  { title: 'verified', cell: ({ calls }) => calls.verified },
  { title: 'nobody', cell: ({ calls }) => calls.nobody },
  { title: 'wait', cell: ({ calls }) => calls.unavailable },
  { title: 'abandoned', cell: ({ calls }) => calls.abandoned },
  { title: 'away', cell: (drill) => drill.refused_calls },
  { title: 'double', cell: (drill) => drill.double_bookings },
];

/** One page: the outcome of each drill, and the cost of safety. */
export function renderVerdict({ ok, drills }: DrillsReport, says: string, paint: Paint): string[] {
  const rule = paint('dim', '─'.repeat(WIDTH - 15));
  const reasons = [...new Set(drills.flatMap(({ refusals }) => Object.keys(refusals)))].sort(byOrder);
  const refused: Column[] = reasons.map((reason) => ({ title: reason, cell: (drill) => drill.refusals[reason] ?? 0 }));
  return [
    '',
    `${paint('dim', '──')} ${paint('bold', 'The verdict')} ${rule}`,
    ...table(OUTCOMES, drills, paint),
    '',
    ...wrap(LEGEND, WIDTH - 1).map((line) => paint('dim', line)),
    ...(refused.length > 0 ? ['', ...wrap(COST, WIDTH - 1), ...table(refused, drills, paint)] : []),
    '',
    ...outcome(ok, drills, says).map((line) => paint(ok ? 'green' : 'red', line)),
  ];
}

const LEGEND =
  'nobody: answers that no agent was free; wait: answers to try again, or none; verified: claims that the platform ' +
  'confirmed in place of a home; away: calls sent to an agent who was away; double: calls sent to an agent who had no ' +
  'room for them.';
const COST = 'The cost of safety: agents passed over in claims, by reason';

function table(columns: Column[], drills: readonly DrillReport[], paint: Paint): string[] {
  const widths = columns.map(({ title, cell }) =>
    Math.max(title.length, ...drills.map((drill) => number(cell(drill)).length)),
  );
  const line = (head: string, cells: string[]) =>
    `${head}${cells.map((cell, at) => `  ${cell.padStart(widths[at] ?? 0)}`).join('')}`;
  const rows = drills.map((drill) => {
    const mark = drill.ok ? paint('green', '✓') : paint('red', '✗');
    const cells = columns.map(({ cell }) => number(cell(drill)));
    return line(`${mark} ${drill.name.padEnd(NAME_WIDTH)}`, cells);
  });
  const titles = line(
    ' '.repeat(NAME_WIDTH + 2),
    columns.map(({ title }) => title),
  );
  return [paint('dim', titles), ...rows];
}

function outcome(ok: boolean, drills: readonly DrillReport[], says: string): string[] {
  const took = duration(drills.reduce((total, { took_ms }) => total + took_ms, 0));
  const booked = drills.reduce((total, { double_bookings }) => total + double_bookings, 0);
  const failed = drills.filter((drill) => !drill.ok);
  const steps = failed.flatMap(({ name, steps }) =>
    steps.flatMap((step) => (step.ok ? [] : [`  ${name}: ${step.name}`])),
  );
  const count = ok
    ? `✓ ${drills.length} of ${drills.length} drills passed`
    : `✗ ${failed.length} of ${drills.length} drills failed`;
  return [...wrap(`${count} in ${took}, at ${says}; ${number(booked)} double bookings.`, WIDTH - 1), ...steps];
}

function byOrder(one: string, other: string): number {
  const place = (reason: string) => (ORDER.includes(reason) ? ORDER.indexOf(reason) : ORDER.length);
  return place(one) - place(other) || one.localeCompare(other, 'en');
}

function number(count: number): string {
  return count.toLocaleString('en');
}
