import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Change, type Changes, CHANGES_KEPT as KEPT } from '../../src/store/store.ts';
import { fenceOf } from '../fixtures/pool.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
let changes: Changes;
beforeAll(async () => {
  store = await startStore({ replicas: false });
  changes = store.open().changes;
});
afterAll(() => store.stop());

const START = '0-0';
const read = async (d: Domain, position = START): Promise<Change[]> => {
  const found = await changes.after(d.name, position, 100);
  if (found === 'gone') throw new Error('the position is gone');
  return found;
};
const held = { state: 'CONFIRMED', lockMs: 1000 } as const;
const at = (ms: number) => ({ at: ms, id: `e${ms}` });

describe('a change', () => {
  it('is noted together with the record, by every script that writes it, and with the claim that changed', async () => {
    const d = store.domain('noted');
    const ann = await d.free('ann', 1000);
    const fence = fenceOf(await d.claim('call 1'));
    await d.settle(ann, fence, held);
    const claim = { fence, callId: 'call 1', queue: d.queue };
    expect(await read(d)).toMatchObject([
      { agentId: ann },
      { agentId: ann, claim: { ...claim, state: 'HELD' } },
      { agentId: ann, claim: { ...claim, state: 'CONFIRMED' } },
    ]);
  });

  it('of another region is noted with its claim, on any unit', async () => {
    const d = store.domain('told');
    const completedAtMs = 0;
    const claim = { fence: 7, state: 'HELD', untilMs: 9, callId: 'far; away', queue: 'q', completedAtMs } as const;
    await d.set('away-told:bob', { claim: { ...claim, remainingMs: 1000 } });
    await d.set('away-told:bob', { digitalClaims: { 'chat-1': { ...claim, unit: 'chat-1', remainingMs: 1000 } } });
    expect(await read(d)).toEqual([
      { position: expect.any(String), agentId: 'away-told:bob', claim },
      { position: expect.any(String), agentId: 'away-told:bob', claim: { ...claim, unit: 'chat-1' } },
    ]);
  });

  it('is not noted if nothing was written', async () => {
    const d = store.domain('same');
    const ann = await d.free('ann', 1000);
    const position = await changes.latest(d.name);
    await d.set(ann, { activity: { state: 'INTERACTING', ...at(500) } });
    await d.claim('nobody', { skills: { latin: 1 } });
    expect(await read(d, position)).toEqual([]);
  });
});

describe('a position', () => {
  it('is where a reader continues, a few changes at a time', async () => {
    const d = store.domain('pages');
    for (const id of ['a', 'b', 'c']) await d.free(id, 1000);
    const [first] = (await changes.after(d.name, START, 1)) as Change[];
    expect(first?.agentId).toBe('pages:a');
    const next = (await read(d, first?.position)).map(({ agentId }) => agentId);
    expect(next).toEqual(['pages:b', 'pages:c']);
    expect(await read(d, await changes.latest(d.name))).toEqual([]);
  });

  it('that is no longer in the stream is gone, and never skips ahead', async () => {
    const d = store.domain('gone');
    await d.free('a', 1000);
    const [first] = await read(d);
    await d.free('b', 1000);
    await d.command('XTRIM', 'changes:{gone}', 'MAXLEN', '1');
    expect(await changes.after(d.name, first?.position ?? '', 10)).toBe('gone');
    expect(await changes.after(d.name, '99999999999999-0', 10)).toBe('gone');
  });

  it('at the beginning is gone once the stream has been trimmed', async () => {
    const d = store.domain('full');
    const fill = `for i = 1, ${2 * KEPT} do redis.call('XADD', KEYS[1], 'MAXLEN', '~', '${KEPT}', '*', 'a', 'full:x') end`;
    await d.command('EVAL', fill, '1', 'changes:{full}');
    expect(await changes.after(d.name, START, 10)).toBe('gone');
  });
});

describe('the agent directory', () => {
  it('lists all agents with a record, in order, after a given one, and is repaired by a check', async () => {
    const d = store.domain('roster');
    for (const id of ['c', 'a', 'b']) await d.free(id, 1000);
    await d.free('a', 2000);
    const idsAfter = async (id: string) => (await d.agents.after(d.name, id, 2)).map(([agentId]) => agentId);
    expect(await idsAfter('')).toEqual(['roster:a', 'roster:b']);
    expect(await idsAfter('roster:b')).toEqual(['roster:c']);
    await d.command('DEL', 'roster:{roster}');
    await d.store.align(d.name, async () => undefined);
    expect(await idsAfter('')).toEqual(['roster:a', 'roster:b']);
  });
});
