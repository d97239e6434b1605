import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import type { LocalConnection } from './connection.ts';

const POLL_MS = 100;

/**
 * Pauses all platforms, and lets answered customers hang up. Resolves once no agent has an interaction.
 * @throws Error if some still have one after `limitMs`
 */
export async function quieten(connections: readonly LocalConnection[], limitMs: number): Promise<void> {
  for (const connection of connections) connection.pause();
  const deadlineMs = systemClock.monotonicMs() + limitMs;
  while (connections.some((connection) => connection.state().interacting > 0)) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error('some agents do not finish their interactions');
    for (const connection of connections) connection.hangUp();
    await delay(POLL_MS);
  }
}
