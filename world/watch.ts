import { setTimeout as delay } from 'node:timers/promises';
import { type Snapshot, takeSnapshot } from './reports/snapshot.ts';
import { renderLine, renderSummary } from './reports/summary.ts';
import { coloured, plain } from './tools/paint.ts';
import { Screen } from './tools/screen.ts';
import type { World } from './world.ts';

const REDRAW_MS = 1_000;
const LINE_EVERY_MS = 10_000;

/** Shows the state of the world until it is stopped: a screen on a terminal, otherwise a line now and then. */
export async function watch(world: World, stream: NodeJS.WriteStream, stop: AbortSignal): Promise<void> {
  const screen = new Screen(stream);
  const paint = process.env.NO_COLOR ? plain : coloured;
  let before: Snapshot | undefined;
  while (!stop.aborted) {
    await delay(stream.isTTY ? REDRAW_MS : LINE_EVERY_MS, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    const now = await takeSnapshot(world);
    if (stream.isTTY) screen.draw(renderSummary(now, before, paint));
    else stream.write(`${renderLine(now, before)}\n`);
    before = now;
  }
}
