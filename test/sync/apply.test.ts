import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Claim, claimFacet, type Facets, interactionsFacet } from '../../src/agent/facets.ts';
import { writeMessage } from '../../src/bus/envelope.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { isDurableEnough, NotReplicated, Written } from '../../src/store/written.ts';
import { event, holdTime, MemorySync, START_MS, until } from './memory-sync.ts';

let sync: MemorySync;
beforeEach(() => {
  sync = new MemorySync();
});
afterEach(() => sync.stop());

let ids = 0;
function claim(more: Partial<Claim> = {}): Claim {
  const fence = START_MS + 1;
  const { callId = `call-${fence}`, ...rest } = more;
  return { fence, state: 'HELD', untilMs: START_MS + 10_000, callId, queue: 'crm:q', completedAtMs: 0, ...rest };
}
const told = (agentId: string, facets: Facets) => ({ ...event(agentId, START_MS, facets), eventId: `e-${++ids}` });
const claimed = (agentId: string, more: Partial<Claim> = {}) => told(agentId, claimFacet(claim(more)));
const call = interactionsFacet({ callId: 'c', state: 'CONNECTED', media: 'voice', at: START_MS, id: 'c-1' });

describe('whoever waits for an agent', () => {
  it('is woken by each event of the agent, whichever way it came, and whatever it did', async () => {
    const ways = [
      () => sync.ingest.accept(event('crm:ann', START_MS)),
      () => sync.apply.fromBus(event('crm:ann', START_MS + 1)),
      () => sync.apply.fromBus(event('crm:ann', START_MS)),
    ];
    for (const way of ways) {
      const woken = vi.fn();
      const waiting = sync.positions.arrival(['crm:ann'], 60_000).then(woken);
      await way();
      await waiting;
      expect(woken).toHaveBeenCalledOnce();
    }
    expect(await sync.counted('events', { outcome: 'applied' })).toBe(2);
    expect(await sync.counted('events', { outcome: 'outdated' })).toBe(1);
  });
});

describe('the claims of which the bus tells', () => {
  it('are heard of, with the home of their agent, after each event: one without claims says that there are none', async () => {
    const chat = claim({ unit: 'chat-1', callId: 'b' });
    await sync.apply.fromBus(told('far:ann', { claim: claim(), digitalClaims: { 'chat-1': chat } }));
    await sync.apply.fromBus(event('crm:bob', START_MS));
    expect(sync.heardOfClaims.mock.calls).toEqual([
      ['far:ann', 'us', [claim(), chat]],
      ['crm:bob', 'eu', []],
    ]);
  });

  it('are none of those that this region has accepted itself', async () => {
    await sync.ingest.accept(claimed('crm:ann'));
    expect(sync.heardOfClaims).not.toHaveBeenCalled();
  });
});

describe('the region that granted a claim', () => {
  const grants: [string, string, Partial<Claim>, boolean][] = [
    ['the home of the agent', 'crm:ann', {}, true],
    ['another home', 'far:ann', {}, false],
    ['this region, in the stead of the home', 'far:ann', { by: 'eu' }, true],
    ['another region, in the stead of this one', 'crm:ann', { by: 'us' }, false],
    ['the home, for another medium', 'crm:ann', { unit: 'chat-1' }, true],
  ];

  it.each(grants)(
    'follows each event of the agent if it is this one: granted by %s',
    async (_, agentId, by, isOurs) => {
      await sync.apply.fromBus(claimed(agentId, by));
      const ended = event(agentId, START_MS, call);
      await sync.apply.fromBus(ended);
      expect(sync.atGranter).toHaveBeenCalledTimes(isOurs ? 2 : 0);
      if (!isOurs) return;
      const [last, record] = sync.atGranter.mock.lastCall as unknown as [unknown, { facets: Facets }];
      expect(last).toEqual(ended);
      // With the state that the event is part of.
      expect(record.facets).toMatchObject({ ...call, ...claimFacet(claim(by)) });
    },
  );

  it('has followed when the event counts as applied, and what it could not do is tried with the event again', async () => {
    sync.atGranter.mockRejectedValueOnce(new ShardUnavailable('main is away'));
    await expect(sync.apply.fromBus(claimed('crm:ann'))).rejects.toThrow(ShardUnavailable);
    await sync.apply.fromBus(claimed('crm:ann'));
    expect(sync.atGranter).toHaveBeenCalledTimes(2);
  });
});

describe('the home of an agent', () => {
  it('is told of all that is known after an event about interactions', async () => {
    await sync.apply.fromBus(event('crm:ann', START_MS));
    expect(sync.atHome).not.toHaveBeenCalled();
    await sync.apply.fromBus(told('crm:ann', call));
    await sync.apply.fromBus(told('far:ann', call));
    expect(sync.atHome.mock.calls).toEqual([
      ['crm:ann', expect.objectContaining({ ...call, presence: expect.anything() })],
    ]);
  });

  it('finds out of two claims that met, which of them stands', async () => {
    await sync.apply.fromBus(claimed('crm:ann', { callId: 'ours' }));
    await sync.apply.fromBus(claimed('crm:ann', { callId: 'theirs', by: 'us', fence: START_MS + 2 }));
    const [agentId, conflict] = sync.onConflict.mock.lastCall ?? [];
    expect(agentId).toBe('crm:ann');
    expect(conflict).toMatchObject({ kept: { callId: 'theirs' }, lost: { callId: 'ours' }, overlap: 'certain' });
    expect(sync.onConflict).toHaveBeenCalledOnce();
  });

  it('judges its own claim by the lock that is left of it', async () => {
    await sync.apply.fromBus(claimed('crm:ann', { callId: 'ours', untilMs: START_MS + 10_000 }));
    sync.clock.ms += 10_000;
    await sync.apply.fromBus(claimed('crm:ann', { callId: 'theirs', by: 'us', fence: START_MS + 10_001 }));
    expect(sync.onConflict).not.toHaveBeenCalled();
  });

  it('compares claims of one unit, and none of an agent who is at home elsewhere', async () => {
    await sync.apply.fromBus(claimed('crm:ann', { callId: 'ours' }));
    const theirs = { callId: 'theirs', by: 'us', fence: START_MS + 2 };
    await sync.apply.fromBus(claimed('crm:ann', { ...theirs, unit: 'chat-1' }));
    await sync.apply.fromBus(claimed('far:ann', { callId: 'ours' }));
    await sync.apply.fromBus(claimed('far:ann', theirs));
    expect(sync.onConflict).not.toHaveBeenCalled();
    await sync.apply.fromBus(claimed('crm:ann', { ...theirs, callId: 'chat', unit: 'chat-1', by: 'ap' }));
    expect(sync.onConflict).toHaveBeenCalledOnce();
  });
});

describe('what no replica has acknowledged', () => {
  it('is not durable enough where that is refused, and is where it is granted, and so is a repeat of it', async () => {
    sync.region.acknowledges = false;
    for (const expected of ['applied', 'duplicate']) {
      const written = await sync.apply.own(event('crm:ann', START_MS), undefined);
      expect(written.evenIfLost().outcome).toBe(expected);
      expect([isDurableEnough(written, 'refuse'), isDurableEnough(written, 'grant')]).toEqual([false, true]);
    }
  });

  it('is no more durable when it is repeated without effect, though replicas acknowledge again', async () => {
    sync.region.acknowledges = false;
    (await sync.apply.own(event('crm:ann', START_MS), undefined)).evenIfLost();
    sync.region.acknowledges = true;
    const written = await sync.apply.own(event('crm:ann', START_MS), undefined);
    expect(written.evenIfLost()).not.toHaveProperty('position');
    expect(isDurableEnough(written, 'refuse')).toBe(false);
  });

  it('is asked for again until a replica has it, which writes what is there already once more', async () => {
    sync.region.acknowledges = false;
    const events = [event('crm:ann', START_MS), event('crm:ann', START_MS + 1, call)];
    for (const each of events) await sync.apply.fromBus(each);
    const version = async () => (await sync.open().agents.get('crm:ann'))?.version;
    const before = await version();
    await expect(sync.apply.ensureReplicated('crm:ann', events)).rejects.toThrow(NotReplicated);
    sync.region.acknowledges = true;
    await expect(sync.apply.ensureReplicated('crm:ann', events)).resolves.toBe(true);
    expect(await version()).not.toBe(before);
    expect(await sync.facets('crm:ann')).toMatchObject({ ...call, presence: { at: START_MS } });
  });

  it('is written again where a failover took it', async () => {
    const events = [event('crm:ann', START_MS), event('crm:ann', START_MS + 1, call)];
    for (const each of events) await sync.apply.fromBus(each);
    sync.region.domain('main').remove('crm:ann');
    await sync.apply.ensureReplicated('crm:ann', events);
    expect(await sync.facets('crm:ann')).toMatchObject({ ...call, presence: { at: START_MS } });
  });

  it('is published with what it says, where a failover took both', async () => {
    const told = event('crm:ann', START_MS);
    (await sync.apply.own(told, undefined)).evenIfLost();
    sync.region.domain('main').remove('crm:ann');
    const messageOf = vi.fn(() => writeMessage({ key: 'crm:ann', headers: {}, value: 'again' }));
    await sync.apply.ensureReplicated('crm:ann', [told], messageOf);
    expect(messageOf).toHaveBeenLastCalledWith(expect.objectContaining(told.facets));
    expect((await sync.waiting()).map(({ value }) => value)).toEqual(['again']);
    await sync.apply.ensureReplicated('crm:ann', [told], messageOf);
    expect(await sync.waiting()).toHaveLength(1);
  });

  it('is nothing where there are no events', async () => {
    await sync.apply.ensureReplicated('crm:nobody', []);
    expect(await sync.facets('crm:nobody')).toBeUndefined();
  });

  it('is read anew where another writer comes between', async () => {
    await sync.apply.fromBus(event('crm:ann', START_MS));
    const { agents } = sync.store;
    const affirm = agents.affirm.bind(agents);
    const spy = vi.spyOn(agents, 'affirm').mockImplementationOnce(async (...args) => {
      await sync.open().agents.apply('crm:ann', call);
      return affirm(...args);
    });
    await sync.apply.ensureReplicated('crm:ann', [event('crm:ann', START_MS)]);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(await sync.facets('crm:ann')).toMatchObject({ ...call, presence: { at: START_MS } });
  });

  it('is given up, for now, where others write all the time', async () => {
    holdTime();
    vi.spyOn(sync.store.agents, 'affirm').mockResolvedValue({ kind: 'conflict', record: undefined });
    const failed = vi.fn();
    void sync.apply.ensureReplicated('crm:ann', [event('crm:ann', START_MS)]).catch(failed);
    await until(() => failed.mock.calls.length > 0);
    expect(failed.mock.lastCall?.[0]).toBeInstanceOf(ShardUnavailable);
  });
});

describe('events of one agent', () => {
  const at = fc.integer({ min: START_MS, max: START_MS + 3 });
  const presence = fc.record({
    state: fc.constantFrom('ON_DUTY', 'PAUSED', 'OFF_DUTY'),
    at,
    id: fc.constantFrom('a', 'b'),
  });
  const activity = fc.record({ state: fc.constantFrom('IDLE', 'INTERACTING'), at, id: fc.constantFrom('a', 'b') });
  const facets = fc.record({ presence, activity }, { requiredKeys: [] }) as fc.Arbitrary<Facets>;
  const changes = fc.array(facets, { minLength: 1, maxLength: 6 });

  it('come to the same state in whatever order, however often, and by whichever way they come', async () => {
    let runs = 0;
    const law = async (all: Facets[], order: number[], isLocal: boolean): Promise<void> => {
      const [one, other] = [`crm:one-${++runs}`, `crm:other-${runs}`];
      for (const each of all) await sync.apply.fromBus(event(one, START_MS, each));
      const shuffled = all.toSorted((a, b) => (order[all.indexOf(a)] ?? 0) - (order[all.indexOf(b)] ?? 0));
      for (const each of [...shuffled, ...all.slice(0, 2)]) {
        if (isLocal) await sync.apply.own(event(other, START_MS, each), undefined);
        else await sync.apply.fromBus(event(other, START_MS, each));
      }
      expect((await sync.facets(other)) ?? {}).toEqual((await sync.facets(one)) ?? {});
    };
    const order = fc.array(fc.nat(9), { minLength: 6, maxLength: 6 });
    await fc.assert(fc.asyncProperty(changes, order, fc.boolean(), law), { numRuns: 40 });
  });

  it('say of themselves whether a replica has them', async () => {
    for (const acknowledges of [true, false]) {
      sync.region.acknowledges = acknowledges;
      const written = await sync.apply.fromBus(event('crm:ann', START_MS + (acknowledges ? 1 : 2)));
      expect(written).toBeInstanceOf(Written);
      const asked = { acknowledged: () => true, notAcknowledged: () => false, noReplicaConfigured: () => false };
      expect(written.match(asked)).toBe(acknowledges);
    }
  });
});
