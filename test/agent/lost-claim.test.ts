import { describe, expect, it } from 'vitest';
import { type LostClaim, type LostClaimContext, whyNotRestored } from '../../src/agent/lost-claim.ts';

const profile = (media: Record<string, { units: number; beside: never[] }>): LostClaimContext['facets'] => ({
  profile: { name: '', queues: [], skills: {}, tenureDays: 0, capacity: { media }, at: 1, id: 'p' },
});
const ofThree = profile({ voice: { units: 1, beside: [] }, chat: { units: 3, beside: [] } });
const plain: LostClaimContext = { facets: {}, heldForMs: 0, oldestFence: 100 };
const capable: LostClaimContext = { ...plain, facets: ofThree };
const voice: LostClaim = { fence: 500 };

describe('a claim that a failover lost', () => {
  it.each<
    [
      string,
      'confirm' | 'renew' | 'release' | 'complete' | 'refused' | 'missed',
      LostClaim,
      LostClaimContext,
      RegExp | undefined,
    ]
  >([
    ['confirmed', 'confirm', voice, plain, undefined],
    ['renewed', 'renew', voice, plain, undefined],
    ['released', 'release', voice, plain, /failover lost.*nothing to end/],
    ['completed', 'complete', voice, plain, /failover lost.*nothing to end/],
    ['refused by the platform', 'refused', voice, plain, /failover lost.*nothing to end/],
    ['missed', 'missed', voice, plain, /failover lost.*nothing to end/],
    ['of an agent whom another call has', 'confirm', voice, { ...plain, heldForMs: 1 }, /failover lost.*another call/],
    ['of an agent whom another call had', 'confirm', voice, { ...plain, heldForMs: -1 }, undefined],
    ['the oldest that could hold', 'confirm', { fence: 100 }, plain, undefined],
    ['too old to hold anybody', 'confirm', { fence: 99 }, plain, /failover lost.*expired/],
    ['of any age to come', 'confirm', { fence: 1e15 }, plain, undefined],
    ['on a unit that there is', 'confirm', { fence: 500, unit: 'chat-3' }, capable, undefined],
    ['on a unit that there was', 'confirm', { fence: 500, unit: 'chat-4' }, capable, /failover lost.*has shrunk/],
    ['on a unit of another type', 'confirm', { fence: 500, unit: 'email-1' }, capable, /failover lost.*has shrunk/],
    [
      'on a unit of an agent without capacity',
      'renew',
      { fence: 500, unit: 'chat-1' },
      plain,
      /failover lost.*has shrunk/,
    ],
  ])('%s', (_, settlement, claim, ground, expected) => {
    const obstacle = whyNotRestored(settlement, claim, ground);
    if (expected) expect(obstacle).toMatch(expected);
    else expect(obstacle).toBeUndefined();
  });
});
