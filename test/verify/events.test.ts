import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClaimState } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { evidence, failed, Histories, type Instance, presence } from './histories.ts';

let world: Histories;
let eu: Instance;
let us: Instance;
beforeEach(() => {
  world = new Histories();
  eu = world.instance('eu');
  us = world.instance('us');
});
afterEach(() => world.remove());

function accepted(event: AgentEvent): AgentEvent {
  world.now += 1;
  eu.history.eventAccepted(event);
  return event;
}

function claimEvent(eventId: string, fence: number, state: ClaimState, completedAtMs = 0): AgentEvent {
  const claim = { fence, state, untilMs: 5000, callId: 'c1', queue: 'support', completedAtMs };
  return { eventId, agentId: 'ann', timestampMs: 1, region: 'eu', facets: { claim } };
}

describe('delivered', () => {
  it('takes any outcome in every region', async () => {
    const first = accepted(presence('ann', 1));
    const second = accepted(presence('ann', 2));
    for (const region of [eu, us]) {
      region.handled(second, 'applied');
      region.handled(first, 'outdated');
      region.handled(second, 'duplicate');
    }
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual([]);
    expect(verdict.counts.events).toMatchObject({ accepted: 2, applied: 2, duplicate: 2, outdated: 2, lost: 0 });
  });

  it('finds an event that one region never heard of', async () => {
    const event = accepted(presence('ann', 1));
    eu.handled(event, 'applied');
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['delivered']);
    expect(verdict.counts.events.lost).toBe(1);
    expect(evidence(verdict, 'delivered')).toEqual([['eu-1.jsonl:2']]);
  });

  it('expects events in a region that wrote nothing but its opening, or was only named', async () => {
    const event = accepted(presence('ann', 1));
    for (const region of [eu, us]) region.handled(event, 'applied');
    expect(failed(await world.judge({ regions: ['eu', 'us', 'ap'] }))).toEqual(['delivered']);
    world.instance('ap');
    expect(failed(await world.judge())).toEqual(['delivered']);
  });

  it('lets a newer event cover one that was passed over', async () => {
    accepted(presence('ann', 1));
    const newer = accepted(presence('ann', 2));
    for (const region of [eu, us]) region.handled(newer, 'applied');
    expect(failed(await world.judge())).toEqual([]);
  });

  it('does not let a newer presence cover a lost activity', async () => {
    const both = presence('ann', 1);
    both.facets.activity = { state: 'IDLE', at: 1, id: both.eventId };
    accepted(both);
    const newer = accepted(presence('ann', 2));
    for (const region of [eu, us]) region.handled(newer, 'applied');
    expect(failed(await world.judge())).toEqual(['delivered']);
  });

  it('takes an outcome that is told before the acceptance', async () => {
    const event = presence('ann', 1);
    for (const region of [eu, us]) region.handled(event, 'outdated');
    accepted(event);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('finds the one lost among many that were passed over', async () => {
    accepted(presence('bob', 1));
    for (let at = 1; at <= 12_000; at++) {
      accepted(presence('ann', at));
      if (at % 1000 === 0) for (const region of [eu, us]) region.handled(presence('ann', at), 'applied');
    }
    const verdict = await world.judge();
    expect([failed(verdict), verdict.counts.events.lost]).toEqual([['delivered'], 1]);
  });

  it('names where a lost event was put aside', async () => {
    const event = accepted(presence('ann', 1));
    eu.handled(event, 'applied');
    us.history.eventDeadLettered({ reason: 'no JSON', event: event.eventId, agent: 'ann' });
    const verdict = await world.judge();
    expect(evidence(verdict, 'delivered')).toEqual([['eu-1.jsonl:2', 'us-1.jsonl:2']]);
    expect(verdict.counts.events.dead_letter).toBe(1);
  });

  describe('after a failover', () => {
    const before = presence('ann', 1);
    const event = presence('ann', 2);
    /** Both regions have the first event, and the home has accepted another one that no replica has. */
    const acceptUnreplicated = (mayBeLost = true) => {
      accepted(before);
      for (const region of [eu, us]) region.handled(before, 'applied');
      accepted(event);
      eu.handled(event, 'applied', world.now, mayBeLost);
      world.now += 1;
    };

    it('takes no event for lost that the failover took together with its message', async () => {
      acceptUnreplicated();
      expect(failed(await world.judge())).toEqual([]);
      eu = world.instance('eu');
      eu.told('ann', before.facets);
      expect(failed(await world.judge())).toEqual([]);
    });

    it('finds one that its home has and nobody else was told', async () => {
      acceptUnreplicated();
      eu.told('ann', event.facets);
      const verdict = await world.judge();
      expect(failed(verdict)).toEqual(['delivered']);
      expect(evidence(verdict, 'delivered')).toEqual([['eu-1.jsonl:4']]);
    });

    it('finds one that a replica had, wherever it went', async () => {
      acceptUnreplicated(false);
      eu.told('ann', before.facets);
      expect(failed(await world.judge())).toEqual(['delivered']);
    });

    it('finds one that a region was told and the home has not, unless the home has it again', async () => {
      acceptUnreplicated();
      us.handled(event, 'applied');
      world.now += 1;
      eu.told('ann', before.facets);
      const verdict = await world.judge();
      expect(failed(verdict)).toEqual(['delivered']);
      expect(evidence(verdict, 'delivered')).toEqual([['us-1.jsonl:3', 'eu-1.jsonl:6']]);
      eu = world.instance('eu');
      world.now += 1;
      eu.history.eventHandled(event, { outcome: 'applied', via: 'bus', startedMs: world.now });
      expect(failed(await world.judge())).toEqual([]);
    });

    it('is content with a home that answers with what the others were told', async () => {
      acceptUnreplicated();
      us.handled(event, 'applied');
      world.now += 1;
      eu.told('ann', event.facets);
      expect(failed(await world.judge())).toEqual([]);
    });

    it('lets the home take it back, if told so', async () => {
      acceptUnreplicated();
      us.handled(event, 'applied');
      world.now += 1;
      eu.told('ann', before.facets);
      expect(failed(await world.judge({ graceMs: 1000 }))).toEqual([]);
    });
  });

  it('lets events of the last moments be under way, if told so', async () => {
    accepted(presence('ann', 1));
    world.now += 500;
    eu.history.claimInvoked({ call: 'c1', queue: 'support' });
    expect(failed(await world.judge({ graceMs: 501 }))).toEqual([]);
    expect(failed(await world.judge({ graceMs: 500 }))).toEqual(['delivered']);
  });
});

describe('monotonic-apply', () => {
  /** All regions know all events, so that only the order is in question. */
  function applied(...events: AgentEvent[]): void {
    for (const event of events) {
      world.now += 1;
      for (const region of [eu, us]) region.handled(event, 'applied');
    }
  }

  it('finds an older event applied over a newer one', async () => {
    applied(presence('ann', 2), presence('ann', 1));
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['monotonic-apply']);
    expect(evidence(verdict, 'monotonic-apply')).toEqual([
      ['eu-1.jsonl:2', 'eu-1.jsonl:3'],
      ['us-1.jsonl:2', 'us-1.jsonl:3'],
    ]);
  });

  it('breaks ties of time by event id', async () => {
    const tied = (id: string) => ({
      ...presence('ann', 1),
      facets: { presence: { state: 'PAUSED', at: 1, id } as const },
    });
    applied(tied('a'), tied('b'));
    expect(failed(await world.judge())).toEqual([]);
    eu = world.instance('eu');
    us = world.instance('us');
    applied(tied('a'));
    expect(failed(await world.judge())).toEqual(['monotonic-apply']);
  });

  it('is content when one facet of an event is newer', async () => {
    const mixed = presence('ann', 1);
    mixed.facets.activity = { state: 'IDLE', at: 1, id: mixed.eventId };
    applied(presence('ann', 2), mixed);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('knows no order between events that two instances applied at once', async () => {
    const other = world.instance('us', 'us-2');
    const startedMs = world.now;
    world.now += 1;
    us.handled(presence('ann', 2), 'applied');
    world.now += 1;
    other.handled(presence('ann', 1), 'applied', startedMs);
    expect(failed(await world.judge())).toEqual([]);
  });

  it('holds against nobody what a failover may have taken', async () => {
    us.handled(presence('ann', 2), 'applied', world.now, true);
    world.now += 1;
    us.handled(presence('ann', 1), 'applied');
    expect(failed(await world.judge())).toEqual([]);
  });

  it('knows the stages of a claim', async () => {
    applied(claimEvent('e1', 1, 'HELD'), claimEvent('e2', 1, 'CONFIRMED'), claimEvent('e3', 2, 'HELD'));
    expect(failed(await world.judge())).toEqual([]);
  });

  it('finds a claim that goes back a stage, unless it brings a newer completion', async () => {
    applied(claimEvent('e1', 1, 'ENDED', 10), claimEvent('e2', 1, 'HELD', 11));
    expect(failed(await world.judge())).toEqual([]);
    eu = world.instance('eu');
    us = world.instance('us');
    applied(claimEvent('e3', 1, 'WRAP_UP'));
    const verdict = await world.judge();
    expect(failed(verdict)).toEqual(['monotonic-apply']);
    expect(evidence(verdict, 'monotonic-apply')).toHaveLength(2);
  });
});
