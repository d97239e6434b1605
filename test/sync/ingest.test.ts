import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InvalidEvent } from '../../src/agent/event.ts';
import { type Interaction, interactionsFacet, type Stamped } from '../../src/agent/facets.ts';
import { BusUnavailable } from '../../src/bus/bus.ts';
import { AGENT_CHANGED, CLAIM_CONFLICT, openMessage, originOf, partitionOf } from '../../src/bus/envelope.ts';
import { isAtLeast, OutboxFull, ShardUnavailable, type Unpublished } from '../../src/store/store.ts';
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
    const part = `main/${partitionOf('crm:ann', 3)}`;
    expect(accepted.place).toEqual({ domain: 'main', part, position: await sync.store.changes.latest('main') });
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

  it('changes nothing when it is repeated or late, and is not published again', async () => {
    const outcomes: string[] = [];
    const positions: string[] = [];
    for (const each of [
      event('crm:ann', START_MS),
      event('crm:ann', START_MS),
      event('crm:ann', START_MS - 5, 'OFF_DUTY'),
    ]) {
      const { outcome, place, replicated } = await sync.ingest.accept(each);
      outcomes.push(outcome);
      positions.push(place.position);
      expect(replicated).toBe(true);
      // So that the answer to a repeated event lies behind other changes.
      await sync.ingest.accept(event(`crm:other-${outcomes.length}`, START_MS));
    }
    expect(outcomes).toEqual(['applied', 'duplicate', 'outdated']);
    expect((await sync.facets('crm:ann'))?.presence?.at).toBe(START_MS);
    const ofAnn = async () => (await sync.waiting()).filter(({ key }) => key === 'crm:ann');
    expect(await ofAnn()).toHaveLength(1);
    // Whoever has applied everything up to there has applied what the event says.
    for (const position of positions) expect(isAtLeast(position, positions[0])).toBe(true);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(6);
  });

  it('is one change, with its message, of the domain of the agent', async () => {
    await sync.ingest.accept(event('shop:eve', START_MS));
    const { place } = await sync.ingest.accept(event('crm:ann', START_MS));
    expect(await sync.store.changes.after('main', '0-0', 10)).toEqual([
      { agentId: 'crm:ann', position: place.position },
    ]);
    const { entries, count } = (await sync.store.outbox.next('main', undefined, 10)).evenIfLost();
    expect(count).toBe(1);
    expect(entries).toMatchObject([{ agentId: 'crm:ann', position: place.position, message: expect.any(String) }]);
  });

  it('is signalled to the relay of its domain', async () => {
    const onAppend = vi.fn(() => true);
    sync.store.outbox.relayed = new Set(['main', 'sales']);
    sync.store.outbox.onAppend = onAppend;
    for (const id of ['crm:ann', 'shop:eve']) await sync.ingest.accept(event(id, START_MS));
    expect(onAppend.mock.calls).toEqual([['main'], ['sales']]);
  });

  it('has a summary of the agent as stored, though another writer came between', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    // This instance does not know of it.
    const busy = { activity: { state: 'INTERACTING', at: START_MS + 1, id: 'busy' } } as const;
    await sync.open().agents.apply('crm:ann', busy);
    await sync.ingest.accept(event('crm:ann', START_MS + 2));
    const [, message] = await sync.waiting();
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ status: 'BUSY' });
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

  it('stay if there are few, or the store cannot be reached', async () => {
    const waiting = (await sync.waiting()).length;
    const old = (count: number) =>
      interactionsFacet(...Array.from({ length: count }, (_, n) => call(n, START_MS - 3_600_000 - n)));
    await sync.ingest.forgetOld('crm:bob', old(32));
    sync.region.outages.set('main', 'away');
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
    await sync.store.outbox.waiting();
    await expect(sync.ingest.accept(event('crm:ann', START_MS + 3, 'OFF_DUTY'))).rejects.toThrow(OutboxFull);
    expect((await sync.facets('crm:ann'))?.presence?.at).toBe(START_MS + 2);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(2);
    // Of another domain nothing waits.
    await expect(sync.ingest.accept(event('shop:eve', START_MS))).resolves.toMatchObject({ outcome: 'applied' });
  });

  it('is one that the store could not write, of which it has neither the state nor the message', async () => {
    sync.region.outages.set('main', 'away');
    await expect(sync.ingest.accept(event('crm:ann', START_MS))).rejects.toThrow(ShardUnavailable);
    sync.region.outages.clear();
    expect(await sync.facets('crm:ann')).toBeUndefined();
    expect(await sync.waiting()).toEqual([]);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(0);
  });

  it('may be stored where the store did not answer, then with its message, and is a duplicate when it is repeated', async () => {
    await sync.ingest.accept(event('crm:ann', START_MS));
    sync.region.outages.set('main', 'mute');
    const told = event('crm:ann', START_MS + 1, 'OFF_DUTY');
    await expect(sync.ingest.accept(told)).rejects.toThrow(ShardUnavailable);
    sync.region.outages.clear();
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('OFF_DUTY');
    expect(await sync.waiting()).toHaveLength(2);
    expect(await sync.ingest.accept(told)).toMatchObject({ outcome: 'duplicate', replicated: true });
    expect(await sync.waiting()).toHaveLength(2);
  });
});

describe('an event for which the bus has no room, of a sender who does not repeat it,', () => {
  beforeEach(async () => {
    sync.stop();
    sync = new MemorySync({ maxOutboxEntries: 1 });
    await sync.ingest.accept(event('crm:ann', START_MS));
    await sync.store.outbox.waiting();
  });

  it('is stored and not published, which is counted', async () => {
    const accepted = await sync.ingest.accept(event('crm:ann', START_MS + 1, 'OFF_DUTY'), 'unpublished');
    expect(accepted).toMatchObject({ outcome: 'applied', replicated: true });
    expect(accepted.place.position).toBe(await sync.store.changes.latest('main'));
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('OFF_DUTY');
    expect(await sync.waiting()).toHaveLength(1);
    expect(await sync.counted('unpublished')).toBe(1);
  });

  it('is published as ever where there is room again', async () => {
    const next = (published?: Unpublished) => sync.store.outbox.next('main', published, 10);
    (await next((await next()).evenIfLost())).evenIfLost();
    await sync.store.outbox.waiting();
    await sync.ingest.accept(event('crm:ann', START_MS + 1, 'OFF_DUTY'), 'unpublished');
    expect((await sync.waiting()).map(({ headers }) => headers.ce_id)).toEqual([`crm:ann-${START_MS + 1}`]);
    expect(await sync.counted('unpublished')).toBe(0);
  });

  it('is not accepted where the store is away, or no replica has it', async () => {
    const told = event('crm:ann', START_MS + 1, 'OFF_DUTY');
    sync.region.outages.set('main', 'away');
    await expect(sync.ingest.accept(told, 'unpublished')).rejects.toThrow(ShardUnavailable);
    sync.region.outages.clear();
    sync.region.acknowledges = false;
    await expect(sync.ingest.accept(told, 'unpublished')).rejects.toThrow(NotReplicated);
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('OFF_DUTY');
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

  it('is not accepted when it is repeated either, until a replica has it, and is published once', async () => {
    sync.region.acknowledges = false;
    const told = event('crm:ann', START_MS);
    for (let times = 0; times < 3; times++) await expect(sync.ingest.accept(told)).rejects.toThrow(NotReplicated);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(0);
    sync.region.acknowledges = true;
    const accepted = await sync.ingest.accept(told);
    expect(accepted).toMatchObject({ outcome: 'duplicate', replicated: true });
    expect(accepted.place.position).toBe(await sync.store.changes.latest('main'));
    expect(await sync.waiting()).toHaveLength(1);
    expect(await sync.counted('events', { outcome: 'accepted' })).toBe(1);
  });

  it('is written, and published, when it is repeated after a failover took it', async () => {
    sync.region.acknowledges = false;
    const told = event('crm:ann', START_MS);
    await expect(sync.ingest.accept(told)).rejects.toThrow(NotReplicated);
    sync.region.acknowledges = true;
    // This instance still remembers the record.
    sync.region.domain('main').remove('crm:ann');
    const accepted = await sync.ingest.accept(told);
    expect(accepted.replicated).toBe(true);
    expect(accepted.place.position).toBe(await sync.store.changes.latest('main'));
    expect((await sync.facets('crm:ann'))?.presence?.at).toBe(START_MS);
    const entries = (await sync.store.outbox.next('main', undefined, 10)).evenIfLost().entries;
    expect(entries.at(-1)?.position).toBe(accepted.place.position);
  });

  it('is applied again after a failover took it though there is no replica yet, and only then', async () => {
    sync.region.acknowledges = false;
    const told = event('crm:ann', START_MS, 'OFF_DUTY');
    await expect(sync.ingest.accept(told)).rejects.toThrow(NotReplicated);
    const latest = await sync.store.changes.latest('main');
    await sync.ingest.restore(told);
    expect(await sync.store.changes.latest('main')).toBe(latest);
    // This instance still remembers the record.
    sync.region.domain('main').remove('crm:ann');
    await sync.ingest.restore(told);
    expect((await sync.facets('crm:ann'))?.presence?.state).toBe('OFF_DUTY');
    expect(await sync.waiting()).toHaveLength(2);
  });

  it('is accepted under `grant`, and reported as not replicated, as often as it comes', async () => {
    sync.stop();
    sync = new MemorySync({ replication: 'grant' });
    sync.region.acknowledges = false;
    const outcomes = [];
    for (let times = 0; times < 2; times++) outcomes.push(await sync.ingest.accept(event('crm:ann', START_MS)));
    expect(outcomes).toMatchObject([
      { replicated: false, outcome: 'applied' },
      { replicated: false, outcome: 'duplicate' },
    ]);
    sync.region.acknowledges = true;
    expect(await sync.ingest.accept(event('crm:ann', START_MS))).toMatchObject({ replicated: true });
    expect(await sync.waiting()).toHaveLength(1);
  });
});

describe('a claim conflict', () => {
  const kept = { fence: 2, call: 'c2', region: 'eu' };
  const lost = { fence: 1, call: 'c1', region: 'us' };
  const conflict = { agent: 'crm:ann', kept, lost, overlap: 'possible' } as const;

  it('is published for other applications, and is no change of the agent', async () => {
    await sync.ingest.announceConflict(conflict);
    expect(await sync.waiting()).toEqual([]);
    const [{ partition, message } = {}, ...more] = sync.bus.published;
    expect(more).toEqual([]);
    expect(partition).toBe(partitionOf('crm:ann', 3));
    expect(message).toMatchObject({ key: 'crm:ann', headers: { ce_type: CLAIM_CONFLICT } });
    expect(message && originOf(message)).toBeUndefined();
    expect(JSON.parse(message?.value ?? '')).toMatchObject({ agent_id: 'crm:ann', kept, lost, overlap: 'possible' });
  });

  it('is lost where the bus is away', async () => {
    vi.spyOn(sync.bus, 'publish').mockRejectedValueOnce(new BusUnavailable('away'));
    await expect(sync.ingest.announceConflict(conflict)).rejects.toThrow(BusUnavailable);
  });
});
