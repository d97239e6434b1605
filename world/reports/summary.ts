import type { Paint } from '../tools/paint.ts';
import type { RegionSnapshot, Snapshot } from './snapshot.ts';

const OLD_MS = 5_000;
const STALE_MS = 30_000;

interface Column {
  title: string;
  width: number;
  /** @param seconds since the snapshot before, for rates */
  cell(now: RegionSnapshot, before: RegionSnapshot | undefined, seconds: number): string;
}

const COLUMNS: Column[] = [
  { title: 'claims/s', width: 9, cell: (now, before, seconds) => rate(now.granted, before?.granted, seconds) },
  { title: 'p50 ms', width: 7, cell: ({ p50Ms }) => shown(p50Ms) },
  { title: 'p99 ms', width: 7, cell: ({ p99Ms }) => shown(p99Ms) },
  { title: 'nobody', width: 7, cell: ({ nobody }) => whole(nobody) },
  {
    title: 'events/s',
    width: 9,
    cell: (now, before, seconds) => rate(now.eventsApplied, before?.eventsApplied, seconds),
  },
  { title: 'propagation', width: 12, cell: ({ propagationP99Ms }) => shown(propagationP99Ms) },
];
const NAME_WIDTH = 15;

/**
 * One screen of 80 columns about the state of the world. Latencies and propagation (p99, in ms) are since the start. Ages
 * of each region's knowledge of the others are in the order of the rows.
 * @param before the snapshot before this one, for rates
 */
export function renderSummary(now: Snapshot, before: Snapshot | undefined, paint: Paint): string[] {
  const names = now.regions.map(({ region }) => region);
  const others = (region: string) => names.filter((name) => name !== region);
  const seconds = now.seconds - (before?.seconds ?? 0);
  const head = ['region'.padEnd(NAME_WIDTH), ...COLUMNS.map(({ title, width }) => title.padStart(width)), '  stale by'];
  const rows = now.regions.map((region, at) => {
    const cells = COLUMNS.map(({ width, cell }) => cell(region, before?.regions[at], seconds).padStart(width));
    const ages = others(region.region).map((name) => age(region.ageMs.get(name) ?? null, paint));
    return `${paint('bold', region.region.padEnd(NAME_WIDTH))}${cells.join('')}  ${ages.join(' ')} s`;
  });
  const line = (label: string, ...parts: string[]) => `${paint('dim', label.padEnd(NAME_WIDTH))}${parts.join('   ')}`;
  const unexplained = now.doubleBookings - now.doubleBookingsByVerify;
  const byVerify = `${whole(now.doubleBookingsByVerify)} double bookings by \`authority: verify\``;
  return [
    paint('dim', head.join('')),
    ...rows,
    '',
    line('agents', `${whole(now.onQueue)} on queue`, `${whole(now.idle)} idle`, `${whole(now.busy)} busy`),
    line(
      'calls',
      `${whole(now.connected)} connected`,
      `${whole(now.abandoned)} abandoned`,
      `${whole(now.inFlight)} looking for an agent`,
    ),
    line(
      'exclusive',
      paint(unexplained > 0 ? 'red' : 'green', `${whole(unexplained)} double bookings`),
      `${whole(now.refusedCalls)} refused calls`,
    ),
    line(
      'verified',
      `${whole(now.verified)} claims`,
      now.doubleBookingsByVerify > 0 ? paint('yellow', byVerify) : byVerify,
    ),
    line('running', `${clockTime(now.seconds)}`, paint('dim', 'Ctrl-C ends it')),
  ];
}

/** The same in one line, for a log. */
export function renderLine(now: Snapshot, before: Snapshot | undefined): string {
  const seconds = now.seconds - (before?.seconds ?? 0);
  return [
    clockTime(now.seconds),
    `claims/s ${rate(now.claims.granted, before?.claims.granted, seconds)}`,
    `p50 ${shown(now.claims.p50Ms)} ms`,
    `p99 ${shown(now.claims.p99Ms)} ms`,
    `propagation p99 ${shown(now.propagationP99Ms)} ms`,
    `on queue ${whole(now.onQueue)}`,
    `idle ${whole(now.idle)}`,
    `busy ${whole(now.busy)}`,
    `connected ${whole(now.connected)}`,
    `abandoned ${whole(now.abandoned)}`,
    `double bookings ${whole(now.doubleBookings - now.doubleBookingsByVerify)}`,
    `by verify ${whole(now.doubleBookingsByVerify)}`,
    `refused ${whole(now.refusedCalls)}`,
  ].join('  ');
}

/** The age of a region's knowledge of another, in s. */
function age(ms: number | null, paint: Paint): string {
  if (ms === null) return paint('red', 'never');
  const text = (ms / 1000).toFixed(1);
  if (ms > STALE_MS) return paint('red', text);
  return ms > OLD_MS ? paint('yellow', text) : text;
}

function rate(now: number, before: number | undefined, seconds: number): string {
  return seconds > 0 ? (Math.max(0, now - (before ?? 0)) / seconds).toFixed(1) : '–';
}

function shown(ms: number | undefined): string {
  return ms === undefined ? '–' : ms.toFixed(1);
}

const whole = (count: number): string => count.toLocaleString('en');

function clockTime(seconds: number): string {
  const whole = Math.floor(seconds);
  const pair = (value: number) => String(value).padStart(2, '0');
  return `${pair(Math.floor(whole / 60))}:${pair(whole % 60)}`;
}
