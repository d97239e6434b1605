import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Claim, claimFacet, type Facets } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { openMessage, originOf } from '../../src/bus/envelope.ts';
import type { ClaimReply } from '../../src/store/queues.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import type { Relay } from '../../src/sync/flow/relay.ts';
import { event, holdTime, MemorySync, pass, START_MS } from './memory-sync.ts';

const HELD_MS = 10_000;
let sync: MemorySync;
let relay: Relay;
beforeEach(async () => {
  holdTime();
  sync = new MemorySync();
  relay = sync.relay(() => ['main']);
  // Signals publish nothing: each test says when.
  sync.store.outbox.onAppend = () => true;
  await sync.ingest.accept(event('crm:ann', START_MS, present('crm:ann')));
});
afterEach(async () => {
  await Promise.all([relay.stop(), pass(10_000)]);
  sync.stop();
});

function present(agentId: string): Facets {
  const stamp = { at: START_MS, id: `${agentId}-here` };
  return {
    profile: { name: agentId, queues: ['crm:q'], skills: {}, tenureDays: 0, ...stamp },
    presence: { state: 'ON_DUTY', ...stamp },
    activity: { state: 'IDLE', ...stamp },
  };
}

/** Claims an agent in the store, as the region does for a caller. */
async function claim(callId: string, agentId = 'crm:ann'): Promise<ClaimReply> {
  const written = await sync.store.queues.claim({
    ...{ region: 'eu', domain: 'main', queue: 'crm:q', media: 'voice', skills: {}, callId, wish: callId, agentId },
    ...{ heldMs: HELD_MS, holdMs: 1000, deadlineMs: 1000, explain: false },
    ...{ passOver: new Map(), vouched: [], excluded: [], instead: [] },
  });
  const reply = written.evenIfLost();
  expect(reply.verdict).toBe('granted');
  return reply;
}

/** Ends a claim. */
async function release({ agentId, fence }: ClaimReply, callId: string): Promise<void> {
  const record = await sync.store.agents.get(agentId);
  const settled = await sync.store.agents.settle(
    {
      ...{ agentId, unit: 'voice', fence, callId, queue: 'crm:q' },
      move: { state: 'ENDED', lockMs: 0, endReason: 'released' },
    },
    record as NonNullable<typeof record>,
    1000,
  );
  expect(settled.kind).toBe('settled');
}

/** Publishes what waits. @returns the events */
async function publish(): Promise<AgentEvent[]> {
  expect(await relay.flush('main')).toBeDefined();
  return sync.bus.published.splice(0).flatMap(({ message }) => {
    const envelope = openMessage(message, sync.clock.nowMs());
    return 'event' in envelope ? [envelope.event] : [];
  });
}

describe('a claim that the store has granted', () => {
  beforeEach(publish);

  it('is published as an event of this region, and one that is settled, too', async () => {
    const granted = await claim('call-1');
    const [told, ...more] = await publish();
    expect(more).toEqual([]);
    const untilMs = START_MS + HELD_MS;
    expect(told).toMatchObject({
      eventId: `claim/crm:ann/${granted.fence}/HELD/${untilMs}`,
      agentId: 'crm:ann',
      region: 'eu',
      source: 'claim',
      facets: { claim: { fence: granted.fence, state: 'HELD', untilMs, callId: 'call-1', queue: 'crm:q' } },
    });
    await release(granted, 'call-1');
    expect(await publish()).toMatchObject([
      {
        eventId: `claim/crm:ann/${granted.fence}/ENDED/0`,
        facets: { claim: { fence: granted.fence, state: 'ENDED', endReason: 'released', remainingMs: 0 } },
      },
    ]);
    // Neither is published twice.
    expect(await publish()).toEqual([]);
  });

  it('is told to those who look for other claims of its call, and so is its end', async () => {
    const granted = await claim('call-1');
    await publish();
    await release(granted, 'call-1');
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    await publish();
    const { fence } = granted;
    expect(sync.heardOfClaims.mock.calls).toMatchObject([
      ['crm:ann', 'eu', [{ fence, state: 'HELD', callId: 'call-1' }]],
      ['crm:ann', 'eu', [{ fence, state: 'ENDED', callId: 'call-1' }]],
    ]);
  });

  it('tells what is left of its lock when it is published', async () => {
    await claim('call-1');
    sync.clock.ms += 3000;
    expect(await publish()).toMatchObject([{ facets: { claim: { remainingMs: HELD_MS - 3000 } } }]);
    sync.clock.ms += HELD_MS;
    await claim('call-2');
    sync.clock.ms += HELD_MS + 1;
    const events = await publish();
    expect(events.at(-1)).toMatchObject({ facets: { claim: { callId: 'call-2', remainingMs: 0 } } });
  });

  it('is published behind the end of the one that has lapsed before it', async () => {
    const first = await claim('call-1');
    sync.clock.ms += HELD_MS + 1;
    const second = await claim('call-2');
    expect((await publish()).map(({ facets }) => [facets.claim?.fence, facets.claim?.endReason])).toEqual([
      [first.fence, undefined],
      [first.fence, 'lapsed'],
      [second.fence, undefined],
    ]);
  });

  it('is published with the status of its agent', async () => {
    await claim('call-1');
    await relay.flush('main');
    const [{ message } = {}] = sync.bus.published;
    expect(message).toMatchObject({ key: 'crm:ann' });
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ status: 'BUSY' });
  });

  it('is published in the order of the change stream, between the events of its agent', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    const granted = await claim('call-1');
    await sync.ingest.accept(event('crm:ann', START_MS + 2));
    await release(granted, 'call-1');
    await sync.ingest.accept(event('crm:ann', START_MS + 3, 'OFF_DUTY'));
    await relay.flush('main');
    const messages = sync.bus.published.map(({ message }) => message);
    expect(messages.map(({ headers }) => headers.ce_id?.replace(/\d{13}/, 'N').replace(/\d{13}/, 'N'))).toEqual([
      'crm:ann-N',
      'claim/crm:ann/N/HELD/N',
      'crm:ann-N',
      'claim/crm:ann/N/ENDED/0',
      'crm:ann-N',
    ]);
    const numbers = messages.map((message) => Number(originOf(message)?.position.split('-')[0]));
    expect(numbers).toEqual(numbers.map((_, n) => Number(numbers[0]) + n));
    expect(await sync.counted('relayed')).toBe(6);
  });

  it('is published when its record cannot be read now but later, and set aside when it never can', async () => {
    await claim('call-1');
    vi.spyOn(sync.store.agents, 'recall').mockRejectedValueOnce(new ShardUnavailable('away'));
    expect(await relay.flush('main')).toBeUndefined();
    await pass(3000);
    sync.bus.published.length = 0;
    expect(await sync.counted('setAside', { place: 'outbox' })).toBe(0);
    sync.clock.ms += HELD_MS;
    await claim('call-2');
    await sync.ingest.accept(event('crm:ann', START_MS + 1));
    vi.spyOn(sync.store.agents, 'recall').mockRejectedValue(new TypeError('cannot be read'));
    expect((await publish()).map(({ eventId }) => eventId)).toEqual([`crm:ann-${START_MS + 1}`]);
    expect(await sync.counted('setAside', { place: 'outbox' })).toBe(2);
  });
});

describe('a claim of which another region has told', () => {
  it('is not published by this one', async () => {
    await publish();
    const fence = START_MS + 1;
    const theirs: Claim = { fence, state: 'HELD', untilMs: START_MS, callId: 'c', queue: 'q', completedAtMs: 0 };
    await sync.apply.fromBus({ ...event('far:ann', START_MS, claimFacet(theirs)), region: 'us' });
    const [change] = (await sync.store.changes.after('main', '1-0', 10)) as { claim?: Claim }[];
    expect(change).toMatchObject({ claim: { fence } });
    expect(await publish()).toEqual([]);
  });
});

describe('a claim that no replica has', () => {
  it('is not published until one has it', async () => {
    await publish();
    sync.region.acknowledges = false;
    await claim('call-1');
    expect(await relay.flush('main')).toBeUndefined();
    expect(sync.bus.published).toEqual([]);
    sync.region.acknowledges = true;
    await pass(3000);
    expect(sync.bus.published).toHaveLength(1);
  });
});
