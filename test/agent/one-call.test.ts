import { describe, expect, it } from 'vitest';
import type { Claim, ClaimState } from '../../src/agent/facets.ts';
import { type CallClaim, hasHigherFence, resolveDuplicate } from '../../src/agent/one-call.ts';

function callClaim(region: string, fence: number, state: ClaimState): CallClaim {
  const claim: Claim = { fence, state, untilMs: 1, callId: 'call', queue: 'q', completedAtMs: 0 };
  return { agentId: `crm-${region}:1`, region, claim };
}

describe('two claims of one call', () => {
  it.each<[string, CallClaim, CallClaim, ReturnType<typeof resolveDuplicate>]>([
    ['held and confirmed', callClaim('eu', 5, 'HELD'), callClaim('us', 6, 'CONFIRMED'), 'ends'],
    ['confirmed and held', callClaim('eu', 6, 'CONFIRMED'), callClaim('us', 5, 'HELD'), 'stands'],
    ['both held, the later', callClaim('eu', 6, 'HELD'), callClaim('us', 5, 'HELD'), 'ends'],
    ['both held, the earlier', callClaim('eu', 5, 'HELD'), callClaim('us', 6, 'HELD'), 'stands'],
    ['both held under one fence', callClaim('us', 5, 'HELD'), callClaim('eu', 5, 'HELD'), 'ends'],
    ['both confirmed', callClaim('eu', 5, 'CONFIRMED'), callClaim('us', 6, 'CONFIRMED'), 'both-confirmed'],
  ])('%s', (_, ours, theirs, expected) => {
    expect(resolveDuplicate(ours, theirs)).toBe(expected);
  });

  it('have exactly one with the higher (fence, region)', () => {
    const one = callClaim('eu', 5, 'HELD');
    const sameRegion: CallClaim = { ...one, agentId: 'crm-eu:2' };
    for (const other of [callClaim('us', 5, 'HELD'), callClaim('eu', 6, 'HELD'), sameRegion]) {
      expect(hasHigherFence(one, other)).toBe(!hasHigherFence(other, one));
    }
  });

  /**
   * Every order in which two regions can hear of each other's claim and two callers can confirm: whatever is heard is as old
   * as it was said, and before a region ends its own it asks how the other one is now.
   */
  it('end as one claim, or as two confirmed ones, in every order of events', () => {
    const ends = explore();
    expect(ends.size).toBeGreaterThan(3);
    for (const end of ends)
      expect(end).toMatch(/^(HELD,ENDED|CONFIRMED,ENDED|ENDED,HELD|ENDED,CONFIRMED|CONFIRMED,CONFIRMED)$/);
  });
});

type Pair = [ClaimState, ClaimState];
/** How both claims are, and what each region has heard of the other's. */
interface World {
  claims: Pair;
  heard: [ClaimState | undefined, ClaimState | undefined];
}

/** @returns every state in which nothing is left to be heard */
function explore(): Set<string> {
  const start: World = { claims: ['HELD', 'HELD'], heard: [undefined, undefined] };
  const seen = new Map([[JSON.stringify(start), start]]);
  const ends = new Set<string>();
  for (const world of seen.values()) {
    const next = [0, 1].flatMap((at) => [...confirmed(world, at), ...told(world, at)]);
    if ([0, 1].every((at) => told(world, at).length === 0)) ends.add(world.claims.join(','));
    for (const each of next) seen.set(JSON.stringify(each), seen.get(JSON.stringify(each)) ?? each);
  }
  return ends;
}

const callClaims = ({ claims }: World): [CallClaim, CallClaim] => [
  callClaim('eu', 5, claims[0]),
  callClaim('us', 6, claims[1]),
];

function confirmed(world: World, at: number): World[] {
  if (world.claims[at] !== 'HELD') return [];
  return [{ ...world, claims: world.claims.with(at, 'CONFIRMED') as Pair }];
}

/** The region hears how the other's claim is now, and acts on it. */
function told(world: World, at: number): World[] {
  const other = world.claims[1 - at] as ClaimState;
  if (world.heard[at] === other) return [];
  const heard = world.heard.with(at, other) as World['heard'];
  const [ours, theirs] = at === 0 ? callClaims(world) : callClaims(world).toReversed();
  const mustEnd = isLive(ours) && isLive(theirs) && resolveDuplicate(ours as CallClaim, theirs as CallClaim) === 'ends';
  return [{ heard, claims: mustEnd ? (world.claims.with(at, 'ENDED') as Pair) : world.claims }];
}

const isLive = (one: CallClaim | undefined): boolean => one?.claim.state === 'HELD' || one?.claim.state === 'CONFIRMED';
