import { join } from 'node:path';
import type { Command } from 'commander';
import type { BusDriver } from '../world/bus/bus.ts';
import { findPrograms } from '../world/programs.ts';
import { Folder } from '../world/tools/folder.ts';
import { Signals } from '../world/tools/signals.ts';
import { DRILLS } from './drills.ts';
import { type DrillFlags, drillOptions } from './options.ts';
import { Narrator } from './stage/narrator.ts';
import { REAL, SHORTENED } from './stage/pace.ts';
import { playAll } from './stage/play.ts';

const PASSED = 0;
const FAILED = 1;
const UNUSABLE = 2;

/** `npm run drill`: exit code 0 if every drill passed, 1 if one failed, 2 if it cannot be played as asked. */
export function drillCommand(): Command {
  return drillOptions().action(async (flags: DrillFlags) => {
    process.exitCode = await run(flags);
  });
}

async function run({ json, only, realTime, bus, keep }: DrillFlags): Promise<number> {
  const obstacle = await obstacleTo(keep, bus);
  if (obstacle) {
    process.stderr.write(`drill: ${obstacle}\n`);
    return UNUSABLE;
  }
  // A closed terminal must not prevent the end of a world in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const signals = new Signals();
  const pace = realTime ? REAL : SHORTENED;
  const narrator = new Narrator(json ? process.stderr : process.stdout);
  const drills = DRILLS.filter(({ name }) => !only || only.includes(name));
  const report = await playAll(drills, ({ name }) => ({
    pace,
    bus,
    audience: narrator,
    signal: signals.asked,
    ...(keep !== undefined && { keep: join(keep, name) }),
  }));
  signals.ignore();
  narrator.verdict(report, pace.says);
  if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  return report.ok ? PASSED : FAILED;
}

async function obstacleTo(keep: string | undefined, bus: BusDriver): Promise<string | undefined> {
  if (keep !== undefined && !Folder.isFree(keep)) return `${keep} is not an empty folder`;
  try {
    await findPrograms(bus);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}
