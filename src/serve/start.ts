import type { FirstReading as FirstReadingAnswer, ReadyAnswer } from '../contract/readiness.ts';
import type { FirstReading } from '../platforms/platform.ts';
import type { ReadingState } from '../sync/mirroring/first-reading.ts';
import { inWords } from '../sync/reading-progress.ts';
import type { Sync } from './sync.ts';

type Health = ReturnType<Sync['connections']['health']>;

/** The start of an instance: it listens at once, and is ready when the platforms homed here have been read. */
export class Start {
  /** False once the instance is ready. */
  isUnderWay = true;
  #open: ReadingState[] = [];

  /** Sets the connections that the start waits for. */
  wait(open: ReadingState[]): void {
    this.#open = open;
  }

  over(): void {
    this.isUnderWay = false;
  }

  /** Reasons why the instance is not ready, in words. */
  obstacles(): string[] {
    if (!this.isUnderWay) return [];
    const waited = this.#open.map(({ connection, reading }) =>
      reading ? `${connection}: ${inWords(reading)}` : `${connection}: not read yet`,
    );
    return ['just started', ...waited];
  }

  /** Progress of first full reads: during the start, of the connections it waits for; later, of those that this instance runs. */
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
