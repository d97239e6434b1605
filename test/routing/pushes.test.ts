import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { InvalidPush, type PushedFact, type PushReader, type PushReading } from '../../src/platforms/platform.ts';
import { Pushes } from '../../src/routing/read-through/pushes.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { memoryRegions, START_MS, type TestRegion } from './memory-regions.ts';
import { bringOnDuty, counted } from './said.ts';

const NAMES = ['ann', 'bad', 'bob'];
const reader: PushReader = {
  read: () => ({
    facts: NAMES.map((agentId) => ({
      agentId,
      reportOn: () => ({
        agentId,
        eventId: agentId,
        timestampMs: 1,
        facets: { presence: { state: 'OFF_DUTY', at: 1, id: agentId } },
      }),
    })),
    hints: [],
    ignored: 0,
  }),
};

function pushes(error: Error) {
  const accepted: string[] = [];
  const tell = vi.fn();
  const region = {
    config: { region: 'eu' },
    agents: { get: async () => undefined },
    ingest: {
      accept: async (event: AgentEvent) => {
        if (event.agentId === 'bad') throw error;
        accepted.push(event.agentId);
        return { event, outcome: 'applied' };
      },
    },
    audit: { record: () => undefined },
    metrics: createMetrics('eu'),
    readThrough: { ask: async () => undefined },
    setAside: { tell },
  };
  return { accepted, tell, pushes: new Pushes(region as never, new Map([['crm', reader]])) };
}

it('one fact of a push that can never be accepted is set aside, and costs the others nothing', async () => {
  const { accepted, tell, pushes: taking } = pushes(new TypeError('cannot be read'));
  await taking.take('crm', {});
  expect(accepted).toEqual(['ann', 'bob']);
  expect(tell).toHaveBeenCalledWith('bad', expect.any(TypeError), 'connection', 'a push to crm');
});

it('a push that meets an outage may come again', async () => {
  const { tell, pushes: taking } = pushes(new ShardUnavailable('its shard is down'));
  await expect(taking.take('crm', {})).rejects.toThrow(ShardUnavailable);
  expect(tell).not.toHaveBeenCalled();
});

describe('a push', () => {
  const at = START_MS + 5;
  const fact = (agentId: string, state: 'ON_DUTY' | 'OFF_DUTY', sinceMs = at): PushedFact => ({
    agentId,
    reportOn: () => ({
      ...{ agentId, eventId: `${agentId}/${sinceMs}`, timestampMs: sinceMs },
      facets: { presence: { state, at: sinceMs, id: `${agentId}/${sinceMs}` } },
    }),
  });
  let eu: TestRegion;
  let read: () => PushReading;
  let taking: Pushes;
  beforeEach(async () => {
    ({ eu } = await memoryRegions());
    await bringOnDuty([eu], 'near:1', 'near:2');
    taking = new Pushes(eu.region, new Map([['near', { read: () => read() }]]));
  });
  afterEach(() => taking.stop());
  const of = (outcome: string) => counted(eu.region.metrics.pushes, { connection: 'near', outcome });

  it('is applied, told, and counted by what it says; hints are asked about, each once', async () => {
    const facts = [fact('near:1', 'OFF_DUTY'), fact('near:1', 'OFF_DUTY'), fact('near:2', 'ON_DUTY', 1)];
    read = () => ({ facts, hints: ['near:2', 'near:2'], ignored: 3 });
    expect(await taking.take('near', {})).toEqual({ accepted: 3, hints: 1, ignored: 3 });
    expect((await eu.store.agents.get('near:1'))?.facets.presence?.state).toBe('OFF_DUTY');
    expect((await eu.store.outbox.next('main', undefined, 10)).evenIfLost().entries).toHaveLength(1);
    const counts = ['accepted', 'known', 'hint', 'ignored', 'malformed'].map(of);
    expect(await Promise.all(counts)).toEqual([1, 2, 1, 3, 0]);
    expect(eu.audited).toMatchObject([
      { op: 'event', who: { platform: 'near' }, agent: 'near:1', facets: ['presence'], outcome: 'applied' },
    ]);
    await expect.poll(() => eu.platform.asked, { interval: 5 }).toEqual(['near:2']);
  });

  it('that changes nothing by what is known is told to nobody', async () => {
    read = () => ({ facts: [{ agentId: 'near:1', reportOn: () => undefined }], hints: [], ignored: 0 });
    expect(await taking.take('near', {})).toEqual({ accepted: 1, hints: 0, ignored: 0 });
    expect(await of('known')).toBe(1);
    expect(eu.audited).toEqual([]);
  });

  it('that cannot be read is counted, and refused as a whole', async () => {
    read = () => {
      throw new InvalidPush([]);
    };
    await expect(taking.take('near', {})).rejects.toThrow(InvalidPush);
    expect(await of('malformed')).toBe(1);
    read = () => {
      throw new TypeError('our fault');
    };
    await expect(taking.take('near', {})).rejects.toThrow(TypeError);
    expect(await of('malformed')).toBe(1);
  });

  it('is taken of the connections only that have a reader', async () => {
    expect([taking.has('near'), taking.has('desk')]).toEqual([true, false]);
    await expect(taking.take('desk', {})).rejects.toThrow('accepts no pushes');
  });
});
