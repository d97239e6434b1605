import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interactionsFacet } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { OLDEST } from '../../src/store/record/layout.ts';
import { joinRecord, readFacets, readHeader, writeFacets, writeHeader } from '../../src/store/record/record.ts';
import { facets } from '../agent/arbitrary.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

const at = (ms: number) => ({ at: ms, id: `e${ms}` });
const inQueue = async (d: Domain, name: string): Promise<string[]> =>
  (await d.command('ZRANGE', `queue:{${d.name}}:${name}`, '0', '-1')) as string[];

describe('a record', () => {
  const weights = { tenureSecondsPerYear: 1, proficiencySeconds: 1, fairnessSecondsPerMinute: 1, surplusSeconds: 0 };

  it('is a header and facets that are parsed to the same record', () => {
    fc.assert(
      fc.property(facets, fc.constantFrom('eu-west-1', '', 'a b'), (set, home) => {
        const header = readHeader(writeHeader(set, home, { locksMs: { voice: 4 }, holdMs: 5 }, weights, OLDEST));
        const record = joinRecord(header, readFacets(writeFacets(set)));
        expect(record).toMatchObject({ version: '0', home, locksMs: { voice: 4 }, holdMs: 5, facets: set });
      }),
    );
  });
});

describe('commit', () => {
  it('adds an agent to every joined queue and global, and removes them from those they left', async () => {
    const d = store.domain('member');
    await d.free('a', 1000);
    expect(await inQueue(d, 'member:q')).toEqual(['member:a']);
    expect(await inQueue(d, 'global')).toEqual(['member:a']);
    await d.set('member:a', {
      profile: { name: 'a', queues: ['member:other'], skills: {}, tenureDays: 0, ...at(2000) },
    });
    expect(await inQueue(d, 'member:q')).toEqual([]);
    expect(await inQueue(d, 'member:other')).toEqual(['member:a']);
  });

  it('removes an unavailable agent from the queues, and adds them again at their queue position', async () => {
    const d = store.domain('line');
    await d.free('a', 1000);
    await d.set('line:a', { activity: { state: 'INTERACTING', ...at(2000) } });
    expect(await d.members()).toEqual([]);
    await d.set('line:a', { activity: { state: 'IDLE', ...at(3000) } });
    expect(await d.members()).toEqual([['line:a', 3000]]);
  });

  it('loses no change of concurrent writers', async () => {
    const d = store.domain('writers');
    const writers = Array.from({ length: 8 }, () => store.open(d.config).agents);
    const names = ['presence', 'activity', 'profile', 'interactions'] as const;
    const changes = Array.from({ length: 160 }, (_, i) => change(names[i % 4] ?? 'presence', 1000 + i));
    await Promise.all(changes.map((each, i) => writers[i % 8]?.apply('writers:a', each)));
    const expected = changes.reduce((sum, each) => merge(sum, each).facets, {});
    expect((await d.agents.get('writers:a'))?.facets).toEqual(expected);
  });

  it('raises the version with every write, even after a failover lost some', async () => {
    const d = store.domain('version');
    await d.free('a', 1000);
    const old = (await d.command('HGET', 'agents:{version}', 'version:a')) as string;
    await d.free('a', 2000);
    const second = await d.agents.get('version:a');
    await d.command('HSET', 'agents:{version}', 'version:a', old);
    await d.free('a', 3000);
    const third = await d.agents.get('version:a');
    expect(BigInt(third?.version ?? 0)).toBeGreaterThan(BigInt(second?.version ?? 0));
    expect(third?.facets.presence?.at).toBe(3000);
  });

  it('registers the call of a claim granted elsewhere, so that a retry is answered here', async () => {
    const d = store.domain('told');
    const agent = await d.free('away-told:x', 1000);
    const untilMs = Number((await d.claim('probe')).clockMs) + 60_000;
    await d.set(agent, {
      claim: { fence: 99, state: 'HELD', untilMs, callId: 'far', queue: d.queue, completedAtMs: 0 },
    });
    expect(await d.claim('far')).toMatchObject({ verdict: 'copy', agentId: agent });
  });

  it("locks for the rest of another region's claim, whatever that region's clock", async () => {
    const d = store.domain('skew');
    const agent = await d.free('away-skew:x', 1000);
    const nowMs = (await d.claim('probe')).clockMs;
    const claim = { fence: 99, state: 'HELD', callId: 'far', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agent, { claim: { ...claim, untilMs: nowMs - 300_000, remainingMs: 8000 } });
    const record = await d.agents.get(agent);
    expect(record?.facets.claim).toEqual({ ...claim, untilMs: nowMs - 300_000 });
    expect(record?.locksMs.voice).toBeGreaterThanOrEqual(nowMs + 8000);
    await d.set(agent, { presence: { state: 'PAUSED', reason: 'BREAK', at: 5000, id: 'x' } });
    expect((await d.agents.get(agent))?.locksMs.voice).toBe(record?.locksMs.voice);
    await d.set(agent, { claim: { ...claim, state: 'ENDED', untilMs: 0, remainingMs: 0 } });
    expect((await d.agents.get(agent))?.locksMs.voice).toBe(0);
  });

  it('keeps a call with its agent when another claim of the call arrives late', async () => {
    const d = store.domain('late');
    const agent = await d.free('a', 1000);
    const other = await d.free('away-late:x', 2000);
    const mine = await d.claim('call');
    const claim = { fence: 99, state: 'HELD', untilMs: mine.clockMs + 60_000, callId: 'call', queue: d.queue } as const;
    await d.set(other, { claim: { ...claim, completedAtMs: 0 } });
    expect(await d.claim('call')).toMatchObject({ verdict: 'again', agentId: agent });
  });
});

function change(name: 'presence' | 'activity' | 'profile' | 'interactions', ms: number) {
  if (name === 'presence') return { presence: { state: 'ON_DUTY', ...at(ms) } } as const;
  if (name === 'activity') return { activity: { state: 'IDLE', ...at(ms) } } as const;
  if (name === 'interactions')
    return interactionsFacet({ callId: `c${ms}`, state: 'CONNECTED', media: 'voice', ...at(ms) });
  return { profile: { name: `n${ms}`, queues: ['writers:q'], skills: {}, tenureDays: 0, ...at(ms) } };
}
