import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Interaction, interactionsFacet } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { openMessage } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { Expiry } from '../../src/sync/upkeep/expiry.ts';
import { event, holdTime, MemorySync, pass, START_MS } from './memory-sync.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** As the config of these tests says. */
const FORGET_AFTER_MS = 10 * DAY_MS;
let sync: MemorySync;
let expiry: Expiry;
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  const { config, ingest, store, clock, log } = sync;
  expiry = new Expiry({ config, instance: 'eu-1', ingest, store, clock, log });
});
afterEach(async () => {
  await expiry.stop();
  sync.stop();
});

async function round(): Promise<void> {
  expiry.start();
  await pass(1500);
}
async function nextRound(): Promise<void> {
  sync.clock.ms += HOUR_MS;
  await pass(10_000);
}

const left = (agentId: string, days: number) =>
  sync.apply.fromBus(event(agentId, START_MS - days * DAY_MS, 'OFF_DUTY'));
const published = async (): Promise<AgentEvent[]> =>
  (await sync.waiting())
    .map((each) => openMessage(each, START_MS))
    .flatMap((each) => ('event' in each ? each.event : []));
const facetsOf = async (agentId: string) => Object.keys((await sync.facets(agentId)) ?? {});

describe('agents of whom nobody speaks', () => {
  it('are forgotten at home, in every domain, and all regions are told', async () => {
    for (const id of ['crm:ann', 'shop:eve', 'far:bob', 'cx:joe']) await left(id, 11);
    await left('crm:lately', 9);
    await round();
    expect((await published()).map(({ agentId }) => agentId).sort()).toEqual(['crm:ann', 'shop:eve']);
    for (const told of await published()) {
      expect(told).toMatchObject({ region: 'eu', source: 'expiry' });
      // A word of since then that is still on its way counts.
      expect(START_MS - Number(told.facets.forgotten?.at)).toBeGreaterThan(FORGET_AFTER_MS - HOUR_MS);
      expect(told.facets.forgotten?.at).toBeLessThanOrEqual(sync.clock.nowMs() - FORGET_AFTER_MS);
    }
    expect(await facetsOf('crm:ann')).toEqual(['forgotten']);
    for (const id of ['far:bob', 'cx:joe', 'crm:lately']) expect(await facetsOf(id)).toEqual(['presence']);
    expect(sync.logged('agents_expired')).toMatchObject([
      { domain: 'main', forgotten: 1, removed: 0 },
      { domain: 'sales', forgotten: 1, removed: 0 },
    ]);
  });

  it('are looked for once an hour, and nothing is said where nobody is', async () => {
    await round();
    await left('crm:ann', 11);
    await pass(60_000);
    expect(await facetsOf('crm:ann')).toEqual(['presence']);
    expect(sync.logged('agents_expired')).toEqual([]);
    await nextRound();
    expect(await facetsOf('crm:ann')).toEqual(['forgotten']);
  });

  it('leave the store when a word of before would be too old to count', async () => {
    await left('crm:ann', 11);
    await round();
    await nextRound();
    expect(await facetsOf('crm:ann')).toEqual(['forgotten']);
    sync.clock.ms += FORGET_AFTER_MS;
    await nextRound();
    expect(sync.region.domain('main').records.has('crm:ann')).toBe(false);
    expect(sync.logged('agents_expired').at(-1)).toMatchObject({ domain: 'main', forgotten: 0, removed: 1 });
  });

  it('stay where somebody speaks of them at that moment', async () => {
    await left('crm:ann', 11);
    await round();
    sync.clock.ms += FORGET_AFTER_MS;
    const remove = sync.store.agents.removeForgotten.bind(sync.store.agents);
    vi.spyOn(sync.store.agents, 'removeForgotten').mockImplementationOnce(async (...args) => {
      await sync.apply.fromBus(event('crm:ann', sync.clock.nowMs()));
      return remove(...args);
    });
    await nextRound();
    expect(await facetsOf('crm:ann')).toContain('presence');
    expect(sync.logged('agents_expired')).toHaveLength(1);
  });

  it('are told as far as they were found when a check fails, and looked for at the next', async () => {
    for (const id of ['crm:ann', 'crm:bob']) await left(id, 11);
    let times = 0;
    const { outbox } = sync.store;
    const full = { count: outbox.limit, ageMs: 0, leftOut: 0 };
    vi.spyOn(outbox, 'counted', 'get').mockImplementation(() => new Map(++times > 1 ? [['main', full]] : []));
    await round();
    expect(sync.logged('agents_expired')).toMatchObject([{ domain: 'main', forgotten: 1 }]);
    expect(sync.logged('expiry_check_failed')).toMatchObject([{ domain: 'main' }]);
    times = -10;
    await nextRound();
    for (const id of ['crm:ann', 'crm:bob']) expect(await facetsOf(id)).toEqual(['forgotten']);
  });

  it('wait for the store, one domain not for another', async () => {
    for (const id of ['crm:ann', 'shop:eve']) await left(id, 11);
    sync.region.outages.set('main', 'away');
    await round();
    expect(await facetsOf('shop:eve')).toEqual(['forgotten']);
    sync.region.outages.clear();
    expect(await facetsOf('crm:ann')).toEqual(['presence']);
    await nextRound();
    expect(await facetsOf('crm:ann')).toEqual(['forgotten']);
  });

  it('are looked for by nobody who has no lease', async () => {
    sync.region.outages.set(SHARED, 'away');
    await left('crm:ann', 11);
    await round();
    sync.region.outages.clear();
    expect(await facetsOf('crm:ann')).toEqual(['presence']);
  });

  it('are the same after one round as after two, whoever they are', async () => {
    const agentId = fc.constantFrom('crm', 'shop', 'far', 'cx').chain((name) => fc.nat(5).map((n) => `${name}:${n}`));
    const word = fc.record({ agentId, days: fc.integer({ min: 0, max: 40 }), isThere: fc.boolean() });
    expiry.start();
    const law = async (words: { agentId: string; days: number; isThere: boolean }[]): Promise<void> => {
      for (const { agentId, days, isThere } of words) {
        const at = sync.clock.ms - days * DAY_MS;
        await sync.apply.fromBus(event(agentId, at, isThere ? 'ON_DUTY' : 'OFF_DUTY'));
      }
      await nextRound();
      const states = () => structuredClone(['main', 'sales'].map((name) => sync.region.domain(name).records));
      const before = states();
      await nextRound();
      expect(states()).toEqual(before);
    };
    await fc.assert(fc.asyncProperty(fc.array(word, { maxLength: 10 }), law), { numRuns: 10 });
  });
});

describe('an interaction whose end was lost', () => {
  const busy = (agentId: string, at: number, media: Interaction['media'] = 'chat') =>
    sync.apply.fromBus(
      event(agentId, at, interactionsFacet({ callId: 'c', state: 'CONNECTED', media, at, id: `${agentId}-c` })),
    );
  const stateOf = async (agentId: string) => (await sync.facets(agentId))?.interactions?.byCall.c?.state;

  it('ends when nobody has spoken of it for four hours, at home, and where no platform tells', async () => {
    for (const id of ['crm:ann', 'far:bob', 'cx:joe']) await busy(id, START_MS - 4 * HOUR_MS);
    await busy('crm:lately', START_MS - 3 * HOUR_MS);
    await round();
    expect(await Promise.all(['crm:ann', 'far:bob', 'cx:joe', 'crm:lately'].map(stateOf))).toEqual([
      'ENDED',
      'CONNECTED',
      'CONNECTED',
      'CONNECTED',
    ]);
    const [told, ...more] = await published();
    expect(more).toEqual([]);
    expect(told).toMatchObject({ agentId: 'crm:ann', region: 'eu', source: 'unheard' });
    await nextRound();
    expect(await stateOf('crm:lately')).toBe('ENDED');
    expect(await published()).toHaveLength(2);
  });
});
