import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentAnswer } from '../../src/contract/agents.ts';
import { type Carried, NotYetConsistent, type Read, readAfter } from '../../src/routing/consistency/consistency.ts';
import { readToken, tokenOfEvents, writeToken } from '../../src/routing/consistency/token.ts';
import { find, getAgent } from '../../src/routing/lookup/find.ts';
import { type MemoryRegions, memoryRegions, type TestRegion } from './memory-regions.ts';
import { askFor, bringOnDuty, counted, happens } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
let us: TestRegion;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu, us } = regions);
  await bringOnDuty([eu, us], 'away:1', 'desk:1');
});
afterEach(() => vi.useRealTimers());

/** Has a region write that an agent has gone. @returns what a read carries that must come after it */
async function writes({ region, name }: TestRegion, agentId: string): Promise<Carried> {
  regions.clock.pass(1);
  const at = regions.clock.nowMs();
  const accepted = await happens(region, agentId, { presence: { state: 'OFF_DUTY', at, id: `${agentId}/${at}` } });
  return carried(tokenOfEvents(name, [accepted]));
}

const carried = (...texts: string[]): Carried => ({
  tokens: texts.map(readToken),
  text: texts.join(','),
  isAsked: false,
});

/** What a read carries that must come after all that `region` had written in a part up to a position. */
const upTo = (region: string, position: string, part = 'main/0'): Carried =>
  carried(writeToken({ region, agents: new Map(), positions: new Map([[part, position]]) }));

const agentAt = ({ region }: TestRegion, agentId: string): Read<AgentAnswer> => ({
  answer: (budgetMs) => getAgent(region, agentId, budgetMs),
  path: `/v1/agents/${agentId}`,
  about: { agentId, in: (answer) => answer },
});

/** A read of a queue, which only the region itself answers. */
const queueAt = ({ region }: TestRegion): Read<unknown> => ({
  answer: () => find(region, { ...askFor('call-1'), limit: 10 }),
});

const afterWrite = (at: TestRegion, agentId: string, what: Carried) => readAfter(at.region, what, agentAt(at, agentId));

/** Lets time pass with every look at an agent, or at how far the bus has been applied, as if each took so long. */
function passAsLooked(ms: number, at: 'get' | 'notes' = 'get'): void {
  eu.during.turn = (turn) => turn === `${at} asked` && regions.clock.pass(ms);
}

/** Has reads that are asked of `us` answered by it. */
function connect(): void {
  eu.peers.onRead = async (_region, path, text) => {
    const read = agentAt(us, path.slice('/v1/agents/'.length));
    const { answer } = await readAfter(us.region, { ...carried(...text.split(',')), isAsked: true }, read);
    return JSON.parse(JSON.stringify(answer));
  };
}

async function refusedBy(reading: Promise<unknown>): Promise<NotYetConsistent> {
  const error = await reading.catch((thrown) => thrown);
  if (!(error instanceof NotYetConsistent)) throw new Error('it was answered', { cause: error });
  return error;
}

const outcomes = (outcome: string): Promise<number> => counted(eu.region.metrics.tokenReads, { outcome });

describe('a read that carries no token', () => {
  it('is answered from here within its own budget, or that of the config', async () => {
    const answer = vi.fn(async () => 'known here');
    expect(await readAfter(eu.region, carried(), { answer })).toEqual({ answer: 'known here' });
    await readAfter(eu.region, carried(), { answer, budgetMs: 70 });
    expect(answer.mock.calls).toEqual([[eu.region.config.claims.budgetMs], [70]]);
    expect(await counted(eu.region.metrics.tokenReads, {})).toBe(0);
  });
});

describe('a read after a write', () => {
  it('is answered from here at once where the write is known', async () => {
    const token = await writes(eu, 'desk:1');
    const { answer, by } = await afterWrite(eu, 'desk:1', token);
    expect(answer.status).toBe('OFFLINE');
    expect(by).toBe('eu');
    expect(await outcomes('here')).toBe(1);
    expect(eu.peers.asked).toEqual([]);
  });

  it('goes on as soon as the bus has brought the write, and not before', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const token = await writes(us, 'away:1');
    let hasLooked = 0;
    eu.during.turn = (at) => at === 'get answered' && ++hasLooked;
    const answered = vi.fn();
    const reading = afterWrite(eu, 'away:1', token).then(answered);
    while (hasLooked === 0) await turn();
    await turn();
    expect(answered).not.toHaveBeenCalled();
    await regions.carry('us');
    await reading;
    expect(answered).toHaveBeenCalledWith({ answer: expect.objectContaining({ status: 'OFFLINE' }), by: 'eu' });
    expect(await outcomes('waited')).toBe(1);
  });

  it('sees now and then what another instance of the region has applied', async () => {
    const token = await writes(us, 'away:1');
    const { presence } = (await us.store.agents.get('away:1'))?.facets ?? {};
    let looks = 0;
    eu.during.turn = async (at) => {
      if (at !== 'get answered' || ++looks !== 1 || !presence) return;
      // Straight into the store: nobody wakes this instance.
      (await eu.store.agents.apply('away:1', { presence })).evenIfLost();
    };
    expect((await afterWrite(eu, 'away:1', token)).answer.status).toBe('OFFLINE');
    expect(eu.peers.asked).toEqual([]);
  });

  it('of many agents waits for the write as a whole, wherever it is read', async () => {
    await writes(us, 'away:1');
    const token = upTo('us', await us.store.changes.latest('main'));
    passAsLooked(100, 'notes');
    const refusal = await refusedBy(readAfter(eu.region, token, queueAt(eu)));
    expect(refusal.missing).toEqual([{ region: 'us', domain: 'main', partitions: [0] }]);
    expect(refusal.message).toBe('this region does not have yet: the events of us in domain main on partition 0');
    await regions.carry('us');
    expect((await readAfter(eu.region, token, queueAt(eu))).by).toBe('eu');
  });

  it('has no need of other parts than that of the agent it is about', async () => {
    for (const part of ['main/1', 'sales/0']) {
      expect((await afterWrite(eu, 'away:1', upTo('us', '5-0', part))).by).toBe('eu');
    }
    passAsLooked(100, 'notes');
    const { missing } = await refusedBy(afterWrite(eu, 'away:1', upTo('us', '5-0', 'main/0')));
    expect(missing).toEqual([{ region: 'us', domain: 'main', partitions: [0] }]);
  });

  it('names what is missing by domain', async () => {
    const parts = ['main/0', 'sales/0', 'main/1'].map((part) => [part, '5-0'] as const);
    const token = carried(writeToken({ region: 'us', agents: new Map(), positions: new Map(parts) }));
    passAsLooked(100, 'notes');
    const { missing, message } = await refusedBy(readAfter(eu.region, token, queueAt(eu)));
    expect(missing).toEqual([
      { region: 'us', domain: 'main', partitions: [0, 1] },
      { region: 'us', domain: 'sales', partitions: [0] },
    ]);
    expect(message).toContain('the events of us in domain main on partitions 0, 1');
  });

  it('where the write was taken need not wait for the bus, however far the write was', async () => {
    const at = regions.clock.nowMs();
    const { place } = await happens(eu.region, 'desk:1', { presence: { state: 'PAUSED', at, id: 'p' } });
    const { part, position } = place;
    expect(part).toBe('main/0');
    for (const each of [position, '4000000000000-0']) {
      expect((await readAfter(eu.region, upTo('eu', each, part), queueAt(eu))).by).toBe('eu');
    }
  });

  it('needs nothing of other agents than the one it is about', async () => {
    const token = await writes(us, 'away:1');
    expect((await afterWrite(eu, 'desk:1', token)).by).toBe('eu');
    passAsLooked(100);
    const { missing } = await refusedBy(readAfter(eu.region, token, queueAt(eu)));
    expect(missing).toEqual([{ region: 'us', agent_id: 'away:1', facets: ['presence'] }]);
  });

  it('leaves its answer what is left of its time', async () => {
    const token = await writes(eu, 'desk:1');
    passAsLooked(60);
    const answer = vi.fn(agentAt(eu, 'desk:1').answer);
    await readAfter(eu.region, token, { ...agentAt(eu, 'desk:1'), answer, budgetMs: 100 });
    expect(answer).toHaveBeenLastCalledWith(40);
    await readAfter(eu.region, token, { ...agentAt(eu, 'desk:1'), answer });
    expect(answer).toHaveBeenLastCalledWith(eu.region.config.claims.budgetMs);
  });
});

describe('a write that does not come', () => {
  it('is asked of the region that has it, whose word on its own agent is kept', async () => {
    const token = await writes(us, 'away:1');
    connect();
    passAsLooked(100);
    const { answer, by } = await afterWrite(eu, 'away:1', token);
    expect(answer.status).toBe('OFFLINE');
    expect(by).toBe('us');
    expect(eu.peers.asked).toEqual(['read /v1/agents/away:1']);
    expect((await afterWrite(eu, 'away:1', token)).by).toBe('eu');
    expect([await outcomes('asked'), await outcomes('here')]).toEqual([1, 1]);
  });

  it('is asked of it within the time that is left', async () => {
    const token = await writes(us, 'away:1');
    const deadlines: number[] = [];
    eu.peers.onRead = async (...[, , , deadlineMs]) => void deadlines.push(deadlineMs);
    passAsLooked(30);
    await refusedBy(readAfter(eu.region, token, { ...agentAt(eu, 'away:1'), budgetMs: 100 }));
    expect(deadlines).toEqual([40]);
  });

  it('is not waited for where the bus is known to bring nothing', async () => {
    const token = await writes(us, 'away:1');
    connect();
    regions.clock.pass(eu.region.config.freshness.staleMs + 1);
    let looks = 0;
    eu.during.turn = (at) => at === 'get asked' && ++looks;
    expect((await afterWrite(eu, 'away:1', token)).by).toBe('us');
    expect(looks).toBe(1);
  });

  it('of an agent who is at home here is answered from there, and not taken over', async () => {
    const token = await writes(us, 'desk:1');
    connect();
    passAsLooked(100);
    const { answer, by } = await afterWrite(eu, 'desk:1', token);
    expect([answer.status, by]).toEqual(['OFFLINE', 'us']);
    expect((await eu.store.agents.get('desk:1'))?.facets.presence?.state).toBe('ON_DUTY');
  });

  it('is not taken from a region that answers with the past, or not at all', async () => {
    const token = await writes(us, 'away:1');
    passAsLooked(100);
    for (const past of [JSON.parse(JSON.stringify(await getAgent(eu.region, 'away:1', 1))), undefined]) {
      eu.peers.onRead = async () => past;
      const refusal = await refusedBy(afterWrite(eu, 'away:1', token));
      expect(refusal.missing).toEqual([{ region: 'us', agent_id: 'away:1', facets: ['presence'] }]);
      expect(refusal.message).toBe('this region does not have yet: the presence of agent "away:1" as written in us');
      expect(refusal.known).toMatchObject({ agent_id: 'away:1', status: 'AVAILABLE' });
    }
    expect(await outcomes('refused')).toBe(2);
    expect(eu.peers.asked).toHaveLength(2);
  });

  it('is not asked for on behalf of a region that asks itself, nor where nobody else can answer', async () => {
    const token = await writes(us, 'away:1');
    connect();
    passAsLooked(100);
    await refusedBy(afterWrite(eu, 'away:1', { ...token, isAsked: true }));
    const { known } = await refusedBy(readAfter(eu.region, token, queueAt(eu)));
    expect(known).toBeUndefined();
    expect(eu.peers.asked).toEqual([]);
  });

  it('is not asked of the region itself, which has lost it', async () => {
    const at = regions.clock.nowMs() + 5;
    const agents = new Map([['desk:1', { presence: { at, unavailability: 1, id: 'lost' } }]]);
    passAsLooked(100);
    const token = carried(writeToken({ region: 'eu', agents, positions: new Map() }));
    const { missing } = await refusedBy(afterWrite(eu, 'desk:1', token));
    expect(missing).toEqual([{ region: 'eu', agent_id: 'desk:1', facets: ['presence'] }]);
    expect(eu.peers.asked).toEqual([]);
  });

  it('is not answered with what the store had before a failover took the write', async () => {
    const past = await getAgent(eu.region, 'desk:1', 1);
    const token = await writes(eu, 'desk:1');
    const read = { ...agentAt(eu, 'desk:1'), answer: async () => past };
    passAsLooked(100);
    const { missing, known } = await refusedBy(readAfter(eu.region, token, read));
    expect(missing).toEqual([{ region: 'eu', agent_id: 'desk:1', facets: ['presence'] }]);
    expect(known).toBe(past);
  });

  it('leaves nothing to say of an agent who is not known here; a failure is one all the same', async () => {
    const token = await writes(us, 'away:2');
    passAsLooked(100);
    expect((await refusedBy(afterWrite(eu, 'away:2', token))).known).toBeUndefined();
    const read = { ...agentAt(eu, 'away:2'), answer: () => Promise.reject(new TypeError('broken')) };
    await expect(readAfter(eu.region, token, read)).rejects.toThrow('broken');
  });
});
