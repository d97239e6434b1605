import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { awaitFirstReading, isKnown, type Sight } from '../../src/sync/mirroring/first-reading.ts';

const sight = (more: Partial<Sight> = {}): Sight => ({ connection: 'crm', leaseMs: 5_000, isRead: true, ...more });
const silent = createLog('silent', 'here', 'test');

describe('a connection is known', () => {
  it('once this instance has read it, or has said why it cannot', () => {
    const mine = sight({ holder: 'me', isRead: false });
    expect(isKnown(mine, [], 'me')).toBe(false);
    expect(isKnown({ ...mine, isRead: true }, [], 'me')).toBe(true);
    expect(isKnown({ ...mine, problem: 'the login failed' }, [], 'me')).toBe(true);
  });

  it('by another instance that has read it and lives: its lease is renewed', () => {
    const theirs = sight({ holder: 'peer' });
    expect(isKnown(theirs, [], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 4_900 }, [theirs], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 6_000 }, [theirs], 'me')).toBe(true);
    expect(isKnown({ ...theirs, leaseMs: 6_000, isRead: false }, [theirs], 'me')).toBe(false);
    expect(isKnown({ ...theirs, leaseMs: 6_000 }, [{ ...theirs, holder: 'another' }], 'me')).toBe(false);
  });

  it('not while no instance runs it', () => {
    expect(isKnown(sight(), [sight()], 'me')).toBe(false);
  });
});

describe('a starting instance', () => {
  let waitedFor: string[][] = [];
  beforeEach(() => {
    waitedFor = [];
  });
  /** Time passes with each look. */
  const waiting = (sights: Sight[][], limitMs: number) => {
    let looks = 0;
    const clock: Clock = { nowMs: () => 0, monotonicMs: () => looks * 100 };
    const look = async () => sights[Math.min(looks++, sights.length - 1)] ?? [];
    const wait = (open: Sight[]) => waitedFor.push(open.map(({ connection }) => connection));
    const waited = awaitFirstReading({ instance: 'me', look, wait, limitMs, clock, log: silent });
    return waited.then(() => looks);
  };
  const read = sight({ holder: 'me' });
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
