import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InvalidEvent } from '../../src/agent/event.ts';
import { type Interaction, interactionsFacet, type Stamped } from '../../src/agent/facets.ts';
import { AGENT_CHANGED, CLAIM_CONFLICT, openMessage, partitionOf } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { OutboxFull, ShardUnavailable } from '../../src/store/store.ts';
import { NotReplicated } from '../../src/store/written.ts';
import { TooManyInteractions } from '../../src/sync/flow/ingest.ts';
import { event, MemorySync, START_MS } from './memory-sync.ts';

let sync: MemorySync;
beforeEach(() => {
  sync = new MemorySync();
});
afterEach(() => sync.stop());

const SECOND_MS = START_MS - (START_MS % 1000);
const call = (n: number, at = START_MS, state: Interaction['state'] = 'ENDED'): Stamped<Interaction> => {
  // Long ids, so that few fill a record.
  const callId = `call-${String(n).padStart(4, '0')}-${'x'.repeat(130)}`;
  return { callId, state, media: 'voice', at, id: `${callId}/${at}` };
};
const calls = (from: number, count: number) => Array.from({ length: count }, (_, i) => call(from + i));

describe('an event that is accepted', () => {
  it('waits for the bus, with a summary of the agent, and is applied here', async () => {
    await sync.apply.fromBus(event('crm:ann', 0, { activity: { state: 'IDLE', at: START_MS - 1, id: 'idle' } }));
    const accepted = await sync.ingest.accept(event('crm:ann', START_MS));
    expect(accepted).toMatchObject({ replicated: true, outcome: 'applied' });
    expect(accepted.place.partition).toBe(partitionOf('crm:ann', 3));
    const [message, ...more] = await sync.waiting();
    expect(more).toEqual([]);
    expect(message).toMatchObject({
      key: 'crm:ann',
      headers: { ce_type: AGENT_CHANGED, ce_id: accepted.event.eventId },
    });
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ status: 'AVAILABLE', region_source: 'eu' });
    expect(message && openMessage(message, START_MS)).toMatchObject({ event: event('crm:ann', START_MS) });
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('ON_DUTY');
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(1);
  });

  it('changes nothing when it is repeated or late, and is still published', async () => {
    const outcomes: string[] = [];
    for (const each of [
      event('crm:ann', START_MS),
      event('crm:ann', START_MS),
      event('crm:ann', START_MS - 5, 'OFF_DUTY'),
    ])
      outcomes.push((await sync.ingest.accept(each)).outcome);
    expect(outcomes).toEqual(['applied', 'duplicate', 'outdated']);
    expect((await sync.facets('crm:ann'))?.presence?.at).toBe(START_MS);
    expect(await sync.waiting()).toHaveLength(3);
  });

  it('is clamped if it is more than five minutes ahead, and counted once', async () => {
    const far = event('crm:ann', START_MS + 300_001);
    const { event: published } = await sync.ingest.accept(far);
    expect(published).toMatchObject({ timestampMs: START_MS, facets: { presence: { at: START_MS } } });
    const [message] = await sync.waiting();
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ timestamp: START_MS });
    expect(await sync.counted('clamped')).toBe(1);
    const near = await sync.ingest.accept(event('crm:bob', START_MS + 300_000));
    expect(near.event.timestampMs).toBe(START_MS + 300_000);
    expect(await sync.counted('clamped')).toBe(1);
  });
});

describe('events of whole seconds', () => {
  const at = (id: string, agentId = 'crm:ann') => ({ ...event(agentId, SECOND_MS), eventId: id });

  it('are numbered at the home in the order in which they come', async () => {
    const first = await sync.ingest.number([at('a'), at('b'), at('other', 'crm:bob')]);
    expect(first.map(({ timestampMs }) => timestampMs - SECOND_MS)).toEqual([0, 1, 0]);
    const [next] = await sync.ingest.number([at('c')]);
    expect(next).toMatchObject({ timestampMs: SECOND_MS + 2, facets: { presence: { at: SECOND_MS + 2 } } });
  });

  it('keep their numbers when they come again', async () => {
    await sync.ingest.number([at('a'), at('b')]);
    const again = await sync.ingest.number([at('b'), at('a')]);
    expect(again.map(({ timestampMs }) => timestampMs - SECOND_MS)).toEqual([1, 0]);
    expect((await sync.facets('crm:ann'))?.lastSecond).toEqual({ at: SECOND_MS, ids: ['a', 'b'] });
  });

  it('keep .000 if the agent is homed elsewhere, and other times are unchanged', async () => {
    const away = [at('a', 'far:ann'), at('b', 'far:ann')];
    const between = event('crm:ann', SECOND_MS + 7);
    expect(await sync.ingest.number([...away, between])).toEqual([...away, between]);
    expect(await sync.facets('far:ann')).toBeUndefined();
  });

  it('are accepted without a number while the store is unavailable', async () => {
    sync.region.outages.set('main', 'away');
    const events = [at('a'), at('b')];
    expect(await sync.ingest.number(events)).toEqual(events);
  });

  it('of the future are numbered as of now, so that later ones still get numbers', async () => {
    await sync.ingest.number([event('crm:ann', SECOND_MS + 3_600_000)]);
    const numbered = await sync.ingest.number([at('a'), at('b')]);
    expect(numbered.map(({ timestampMs }) => timestampMs - SECOND_MS)).toEqual([0, 1]);
  });
});

describe('more interactions than a record holds', () => {
  beforeEach(async () => {
    let [isFull, from] = [false, 0];
    for (; !isFull && from < 100; from += 5) {
      const more = event('crm:ann', START_MS, interactionsFacet(...calls(from, 5)));
      isFull = await sync.ingest.accept(more).then(
        () => false,
        (error) => error instanceof TooManyInteractions,
      );
    }
    expect(isFull).toBe(true);
  });

  it('are refused before anything is stored', async () => {
    const [before, waiting] = [await sync.facets('crm:ann'), await sync.waiting()];
    const more = event('crm:ann', START_MS + 1, interactionsFacet(...calls(5000, 10)));
    await expect(sync.ingest.mustHaveRoom([more])).rejects.toThrow(TooManyInteractions);
    await expect(sync.ingest.accept(more)).rejects.toThrow(TooManyInteractions);
    expect(await sync.facets('crm:ann')).toEqual(before);
    expect(await sync.waiting()).toHaveLength(waiting.length);
  });

  it('are none of those that are known, of another agent, or of another word', async () => {
    const known = event('crm:ann', START_MS + 1, interactionsFacet(call(0, START_MS + 1)));
    const another = event('crm:bob', START_MS, interactionsFacet(...calls(5000, 10)));
    await expect(sync.ingest.mustHaveRoom([known, another, event('crm:ann', START_MS)])).resolves.toBeUndefined();
    expect((await sync.ingest.accept(known)).outcome).toBe('applied');
  });

  it('are forgotten by the home up to an interaction floor that every region gets', async () => {
    const known = (await sync.facets('crm:ann')) ?? {};
    const before = Object.keys(known.interactions?.byCall ?? {}).length;
    sync.clock.ms += 3_600_000;
    // Those of an hour later stay; what is older goes.
    for (let n = 0; n < 16; n++)
      await sync.apply.fromBus(
        event('crm:ann', sync.clock.ms - 600_000, interactionsFacet(call(n, START_MS + 2_000_000))),
      );
    await sync.ingest.forgetOld('crm:ann', (await sync.facets('crm:ann')) ?? {});
    const { byCall = {}, forgottenBefore } = (await sync.facets('crm:ann'))?.interactions ?? {};
    expect(before).toBeGreaterThan(32);
    expect(Object.keys(byCall)).toHaveLength(16);
    expect(forgottenBefore).toBe(START_MS + 2_000_000);
    const told = (await sync.waiting()).map(({ value }) => JSON.parse(value)).find(({ source }) => source === 'forget');
    expect(told).toMatchObject({ agent_id: 'crm:ann', timestamp: START_MS + 2_000_000 });
  });

  it('stay if there are few, or the outbox cannot be reached', async () => {
    const waiting = (await sync.waiting()).length;
    const old = (count: number) =>
      interactionsFacet(...Array.from({ length: count }, (_, n) => call(n, START_MS - 3_600_000 - n)));
    await sync.ingest.forgetOld('crm:bob', old(32));
    sync.region.outages.set(SHARED, 'away');
    await sync.ingest.forgetOld('crm:bob', old(33));
    sync.region.outages.clear();
    expect(await sync.waiting()).toHaveLength(waiting);
    await sync.ingest.forgetOld('crm:bob', old(33));
    expect(await sync.waiting()).toHaveLength(waiting + 1);
  });
});

describe('an event that is not accepted', () => {
  it('is one that other regions could not read', async () => {
    const illFormed = event('crm:ann', START_MS, {
      presence: { state: 'PAUSED', reason: '\ud800', at: START_MS, id: 'e' },
    });
    const tooEarly = event('crm:ann', 1000);
    for (const unfit of [illFormed, tooEarly]) await expect(sync.ingest.accept(unfit)).rejects.toThrow(InvalidEvent);
    expect(await sync.waiting()).toEqual([]);
    expect(await sync.facets('crm:ann')).toBeUndefined();
  });

  it('is one for which the outbox has no room', async () => {
    sync.stop();
    sync = new MemorySync({ maxOutboxEntries: 2 });
    for (const n of [1, 2]) await sync.ingest.accept(event('crm:ann', START_MS + n));
    await sync.store.outbox.lengths();
    await expect(sync.ingest.accept(event('crm:ann', START_MS + 3, 'OFF_DUTY'))).rejects.toThrow(OutboxFull);
    expect((await sync.facets('crm:ann'))?.presence?.at).toBe(START_MS + 2);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(2);
  });

  it('is one that the outbox could not store', async () => {
    sync.region.outages.set(SHARED, 'away');
    await expect(sync.ingest.accept(event('crm:ann', START_MS))).rejects.toThrow(ShardUnavailable);
    expect(await sync.facets('crm:ann')).toBeUndefined();
  });
});

describe('an event that no replica has', () => {
  it('is applied but not accepted under `refuse`, so that no agent who left is handed out', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    sync.region.acknowledges = false;
    await expect(sync.ingest.accept(event('crm:ann', START_MS + 1, 'OFF_DUTY'))).rejects.toThrow(NotReplicated);
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('OFF_DUTY');
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(1);
  });

  it('is accepted under `grant`, and reported as not replicated', async () => {
    sync.stop();
    sync = new MemorySync({ replication: 'grant' });
    sync.region.acknowledges = false;
    const accepted = await sync.ingest.accept(event('crm:ann', START_MS));
    expect(accepted).toMatchObject({ replicated: false, outcome: 'applied' });
  });

  it('is deferred if only its outbox entry is replicated', async () => {
    const { append } = sync.store.outbox;
    sync.store.outbox.append = async (...args) => {
      const written = await append.apply(sync.store.outbox, args);
      sync.region.acknowledges = false;
      return written;
    };
    const accepted = await sync.ingest.accept(event('crm:ann', START_MS));
    expect(accepted).toMatchObject({ replicated: true, outcome: 'deferred' });
  });
});

describe('the outbox gets', () => {
  it('an event that the store could not apply yet, which is deferred', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    sync.region.outages.set('main', 'away');
    const accepted = await sync.ingest.accept(event('crm:ann', START_MS + 1, 'OFF_DUTY'));
    expect(accepted).toMatchObject({ replicated: true, outcome: 'deferred' });
    expect(await sync.waiting()).toHaveLength(2);
  });

  it('a published event, which is not applied here first', async () => {
    const told = event('crm:ann', START_MS);
    await sync.ingest.publish(told, told.facets);
    expect(await sync.waiting()).toMatchObject([{ key: 'crm:ann' }]);
    expect(await sync.facets('crm:ann')).toBeUndefined();
  });

  it('a claim conflict, for other applications', async () => {
    const kept = { fence: 2, call: 'c2', region: 'eu' };
    const lost = { fence: 1, call: 'c1', region: 'us' };
    await sync.ingest.announceConflict({ agent: 'crm:ann', kept, lost, overlap: 'possible' });
    const [message] = await sync.waiting();
    expect(message).toMatchObject({ key: 'crm:ann', headers: { ce_type: CLAIM_CONFLICT } });
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ agent_id: 'crm:ann', kept, lost, overlap: 'possible' });
  });
});
