import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { awaitFirstReading, isKnown, type ReadingState } from '../../src/sync/mirroring/first-reading.ts';

const state = (more: Partial<ReadingState> = {}): ReadingState => ({
  connection: 'crm',
  leaseMs: 5_000,
  isRead: true,
  ...more,
});
const silent = createLog('silent', 'here', 'test');

describe('a connection is known', () => {
  it('once this instance has read it, or has said why it cannot', () => {
    const mine = state({ holder: 'me', isRead: false });
    expect(isKnown(mine, [], 'me')).toBe(false);
    expect(isKnown({ ...mine, isRead: true }, [], 'me')).toBe(true);
    expect(isKnown({ ...mine, problem: 'the login failed' }, [], 'me')).toBe(true);
  });

  it('by another instance that has read it and lives: its lease is renewed', () => {
    const theirs = state({ holder: 'peer' });
    expect(isKnown(theirs, [], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 4_900 }, [theirs], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 6_000 }, [theirs], 'me')).toBe(true);
    expect(isKnown({ ...theirs, leaseMs: 6_000, isRead: false }, [theirs], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 6_000 }, [{ ...theirs, holder: 'another' }], 'me')).toBe(false);
  });

  it('not while no instance runs it', () => {
    expect(isKnown(state(), [state()], 'me')).toBe(false);
  });
});

describe('a starting instance', () => {
  let waitedFor: string[][] = [];
  beforeEach(() => {
    waitedFor = [];
  });
  /** Time passes with each look. */
  const waiting = (states: ReadingState[][], limitMs: number) => {
    let looks = 0;
    const clock: Clock = { nowMs: () => 0, monotonicMs: () => looks * 100 };
    const look = async () => states[Math.min(looks++, states.length - 1)] ?? [];
    const wait = (open: ReadingState[]) => waitedFor.push(open.map(({ connection }) => connection));
    const waited = awaitFirstReading({ instance: 'me', look, wait, limitMs, clock, log: silent });
    return waited.then(() => looks);
  };
  const read = state({ holder: 'me' });
  const unread = { ...read, isRead: false };

  it('waits for every platform that is homed here', async () => {
    const other = { ...read, connection: 'genesys' };
    expect(
      await waiting(
        [
          [unread, other],
          [unread, other],
          [read, other],
        ],
        60_000,
      ),
    ).toBe(3);
    expect(waitedFor).toEqual([['crm'], ['crm'], []]);
    expect(await waiting([[]], 60_000)).toBe(1);
  });

  it('is ready after the time limit', async () => {
    expect(await waiting([[unread]], 250)).toBe(3);
  });
});
