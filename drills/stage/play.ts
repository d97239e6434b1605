import type { Drill } from './drill.ts';
import type { CallReport, DrillReport, DrillsReport } from './report.ts';
import { Stage, type StageOptions, StoryEnded } from './stage.ts';

interface Listener {
  opens(name: string, proves: string): void;
  closes(report: DrillReport): void;
}

type PlayOptions = Omit<StageOptions, 'audience'> & { audience: StageOptions['audience'] & Listener };

const NO_CALLS: CallReport = { connected: 0, abandoned: 0, nobody: 0, unavailable: 0, verified: 0 };

/** Plays drills one after the other, each in its own worlds. After a request to end, the rest is left out. */
export async function playAll(
  drills: readonly Drill[],
  optionsFor: (drill: Drill) => PlayOptions,
): Promise<DrillsReport> {
  const reports: DrillReport[] = [];
  for (const drill of drills) {
    const options = optionsFor(drill);
    if (options.signal.aborted) break;
    reports.push(await play(drill, options));
  }
  return { ok: reports.length === drills.length && reports.every(({ ok }) => ok), drills: reports };
}

/** Plays one drill. Whatever happens, its world is stopped and there is a report. */
export async function play(drill: Drill, options: PlayOptions): Promise<DrillReport> {
  const { name, proves } = drill;
  options.audience.opens(name, proves);
  const stage = new Stage(options);
  try {
    await drill.run(stage);
  } catch (error) {
    if (!(error instanceof StoryEnded)) await stage.check('The drill itself', () => Promise.reject(error));
  }
  await stage.close().catch((error) => stage.check('The world is put away', () => Promise.reject(error)));
  const report: DrillReport = {
    name,
    proves,
    ok: stage.steps.length > 0 && stage.steps.every(({ ok }) => ok),
    took_ms: Math.round(stage.elapsedMs),
    steps: stage.steps,
    calls: { ...NO_CALLS, ...total(stage.costs.map(({ calls }) => ({ ...calls }))) },
    refusals: total(stage.costs.map(({ refusals }) => refusals)),
    double_bookings: stage.costs.reduce((sum, { doubleBookings }) => sum + doubleBookings, 0),
    refused_calls: stage.costs.reduce((sum, { refusedCalls }) => sum + refusedCalls, 0),
    pulse: stage.pulse,
  };
  options.audience.closes(report);
  return report;
}

/** Sums of values with the same name. */
function total(counts: readonly Record<string, number>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}
