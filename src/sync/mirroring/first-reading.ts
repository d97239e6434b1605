import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { FirstReading } from '../../platforms/platform.ts';

/** The reading state of a connection homed here. */
export interface ReadingState {
  connection: string;
  /** The instance that holds its lease, if any. */
  holder?: string;
  /** Remaining lease time in ms. */
  leaseMs: number;
  /** Whether the holder has completed a full read since it got the lease. */
  isRead: boolean;
  /** Why the platform cannot be read, if known. */
  problem?: string;
  /** Progress of the first full read. */
  reading?: FirstReading;
}

interface FirstReadingOptions {
  /** This instance. */
  instance: string;
  look(): Promise<ReadingState[]>;
  /** Called after each check with the connections that are not read yet. */
  wait(open: ReadingState[]): void;
  limitMs: number;
  clock: Clock;
  log: Log;
}

const LOOK_EVERY_MS = 100;

/**
 * Waits until every platform homed here has been read. After a region was down, its store is as old as the outage, and only the
 * platforms know the agents' state. Does not wait for a platform that cannot be read, nor longer than `limitMs`: the region
 * then starts with the state in its store.
 */
export async function awaitFirstReading({
  instance,
  look,
  wait,
  limitMs,
  clock,
  log,
}: FirstReadingOptions): Promise<void> {
  const deadlineMs = clock.monotonicMs() + limitMs;
  let before: ReadingState[] = [];
  for (;;) {
    const states = await look();
    const open = states.filter((state) => !isKnown(state, before, instance));
    wait(open);
    if (open.length === 0) return;
    if (clock.monotonicMs() > deadlineMs) {
      const connections = open.map(({ connection }) => connection);
      log.warn('first_reading_timeout', { connections });
      return;
    }
    before = states;
    await pause(LOOK_EVERY_MS);
  }
}

/** Whether a connection is read, or cannot be, by a live holder. A lease outlives a crashed holder; if it was renewed, its holder lives. */
export function isKnown(state: ReadingState, before: readonly ReadingState[], instance: string): boolean {
  if (state.holder === undefined || !(state.isRead || state.problem)) return false;
  if (state.holder === instance) return true;
  const earlier = before.find(({ connection }) => connection === state.connection);
  return earlier?.holder === state.holder && state.leaseMs > earlier.leaseMs;
}
