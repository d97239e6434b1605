import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { FirstReading } from '../../platforms/platform.ts';

/** A connection homed here, as it is now. */
export interface Sight {
  connection: string;
  /** The instance that holds its lease; undefined while none does. */
  holder?: string;
  /** How long the lease lasts unless it is renewed, in ms. */
  leaseMs: number;
  /** The holder has read the whole platform since it got the connection. */
  isRead: boolean;
  /** Why it cannot, as far as it has said. */
  problem?: string;
  /** How far it is with that. */
  reading?: FirstReading;
}

interface FirstReadingOptions {
  /** This one. */
  instance: string;
  look(): Promise<Sight[]>;
  /** Hears after each look which of them are not known yet. */
  wait(open: Sight[]): void;
  limitMs: number;
  clock: Clock;
  log: Log;
}

const LOOK_EVERY_MS = 100;

/**
 * Waits until somebody has read every platform that is homed here. The store of a region that was away is as old as it
 * was away, and its agents are nobody's to vouch for but their platform's. A platform that cannot be read does not keep
 * the region from working with what it knew.
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
  let before: Sight[] = [];
  for (;;) {
    const sights = await look();
    const open = sights.filter((sight) => !isKnown(sight, before, instance));
    wait(open);
    if (open.length === 0) return;
    if (clock.monotonicMs() > deadlineMs) {
      const connections = open.map(({ connection }) => connection);
      log.warn('first_reading_timeout', { connections });
      return;
    }
    before = sights;
    await pause(LOOK_EVERY_MS);
  }
}

/** A lease outlives its holder for a while; one that grows is renewed, so that its holder lives. */
export function isKnown(sight: Sight, before: readonly Sight[], instance: string): boolean {
  if (sight.holder === undefined || !(sight.isRead || sight.problem)) return false;
  if (sight.holder === instance) return true;
  const earlier = before.find(({ connection }) => connection === sight.connection);
  return earlier?.holder === sight.holder && sight.leaseMs > earlier.leaseMs;
}
