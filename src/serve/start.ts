import type { FirstReading as FirstReadingAnswer, ReadyAnswer } from '../contract/readiness.ts';
import type { FirstReading } from '../platforms/platform.ts';
import type { Sight } from '../sync/mirroring/first-reading.ts';
import { inWords } from '../sync/reading-progress.ts';
import type { Sync } from './sync.ts';

type Health = ReturnType<Sync['connections']['health']>;

/** How an instance begins: it listens from the start, and takes work once the platforms homed here have been read. */
export class Start {
  /** Whether it is not over yet. */
  isUnderWay = true;
  #open: Sight[] = [];

  /** These are waited for. */
  wait(open: Sight[]): void {
    this.#open = open;
  }

  over(): void {
    this.isUnderWay = false;
  }

  /** What stands in the way, in words. */
  obstacles(): string[] {
    if (!this.isUnderWay) return [];
    const waited = this.#open.map(({ connection, reading }) =>
      reading ? `${connection}: ${inWords(reading)}` : `${connection}: not known to have been read yet`,
    );
    return ['just started', ...waited];
  }

  /** How far first readings are: while it begins of all that it waits for, then of those that it runs. */
  readings(health: Health): ReadyAnswer['reading'] {
    const readings = this.isUnderWay
      ? this.#open
      : Object.entries(health).map(([connection, { reading }]) => ({ connection, reading }));
    return readings.flatMap(({ connection, reading }) => (reading ? [{ connection, ...told(reading) }] : []));
  }
}

export const told = ({ step, agents, about, forMs }: FirstReading): FirstReadingAnswer => ({
  step,
  agents,
  ...(about !== undefined && { about }),
  for_ms: forMs,
});
