import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { scripts } from '../../src/store/redis/scripts.ts';
import { Pool } from '../fixtures/pool.ts';
import { SOON } from '../fixtures/soon.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const BOTH = { common: 10, other: 10 };

/** A line that takes several trips: many have one of two skills, nobody has both. */
async function longLine(name: string, count = 1400): Promise<Domain> {
  const d = store.domain(name);
  const skills = (i: number) => ({ [i % 2 === 0 ? 'common' : 'other']: 50 });
  await Promise.all(Array.from({ length: count }, (_, i) => d.free(`a${i}`, 1000 + i, skills(i))));
  return d;
}

const skilled = (d: Pool, name: string, at: number, has: boolean) =>
  d.set(`${d.name}:${name}`, {
    profile: { name, queues: [d.queue], skills: has ? BOTH : { common: 10 }, tenureDays: 0, at, id: `p${at}` },
  });

describe('nobody', () => {
  it('is never said while somebody can take the call, whoever that is', async () => {
    const d = await longLine('handed-on');
    let at = 10_000;
    await d.free('first', 500, BOTH);
    await d.free('last', 5000, { common: 10 });
    let isOver = false;
    let rounds = 0;
    // One of them has both skills at any time: now behind the place where a walk may be, now in front of it.
    const handOn = async (): Promise<void> => {
      while (!isOver) {
        await skilled(d, 'last', ++at, true);
        await skilled(d, 'first', ++at, false);
        await skilled(d, 'first', ++at, true);
        await skilled(d, 'last', ++at, false);
        rounds++;
      }
    };
    const handing = handOn();
    const answers = { found: 0, incomplete: 0 };
    try {
      for (let i = 0; i < 120 || rounds < 40; i++) {
        const { agents, isIncomplete } = await d.find({ skills: BOTH, limit: 1 });
        const names = agents.map(({ agentId }) => agentId.split(':')[1]);
        if (names.length === 0) expect({ i, isIncomplete }).toEqual({ i, isIncomplete: true });
        else expect(['first', 'last']).toContain(names[0]);
        answers[names.length === 0 ? 'incomplete' : 'found']++;
      }
    } finally {
      isOver = true;
      await handing;
    }
    expect(answers.found).toBeGreaterThan(answers.incomplete);
  });

  it('is followed by each agent once, also by one who changes ahead of the walk', async () => {
    const d = await longLine('once');
    const keys = [
      'queue:{once}:once:q',
      'agents:{once}',
      'changes:{once}',
      'skills:{once}',
      'skill:{once}:common',
      'skill:{once}:other',
    ];
    const trip = async (more: object) => {
      const skills = [
        [',common:', '010', 1],
        [',other:', '010', 2],
      ];
      const request = JSON.stringify({ skills, surplus_ms: 0, most: 10, ...more });
      return (await store.cluster.run(scripts.find, keys, [request])) as [
        string[][],
        string,
        string,
        unknown[],
        string,
      ];
    };
    const [nobody, , , , cursor] = await trip({});
    expect(nobody).toEqual([]);
    // Met as one who changed, and again in the rest of the line.
    await skilled(d, 'a600', 10_000, true);
    const found: string[] = [];
    for (let next = cursor; next !== ''; ) {
      const [agents, , , , more] = await trip({ cursor: next });
      found.push(...agents.map(([agentId = '']) => agentId));
      next = more;
    }
    expect(found).toEqual(['once:a600']);
  });

  it('is not said of one who changes behind the walk, though the change is left out because too much waits', async () => {
    const d = await longLine('left-out');
    const full = new Pool(d.name, d.config, store.open(d.config, 1));
    const later: string[] = [];
    // The trips of one walk, and between the first two of them the change.
    const run = store.cluster.run.bind(store.cluster);
    const spied = vi.spyOn(store.cluster, 'run').mockImplementation(async (...call) => {
      const reply = await run(...call);
      if (call[0] === scripts.find && later.push('trip') === 1) await skilled(full, 'a0', 10_000, true);
      return reply;
    });
    const found = await d.find({ skills: BOTH });
    spied.mockRestore();
    expect(later.length).toBeGreaterThan(1);
    expect(found.agents.map(({ agentId }) => agentId)).toEqual([`${d.name}:a0`]);
  });

  it('is not said of one whose claim lapses while a walk is under way', async () => {
    const d = await longLine('lapsing');
    const one = await d.free('one', 500, BOTH);
    for (let i = 0; i < 40; i++) {
      // The claim is over at any moment of the walk.
      const held = await d.claim(`held-${i}`, { agentId: one, heldMs: 1 + (i % 8) });
      expect(held.verdict).toBe('granted');
      const untilMs = held.record?.locksMs.voice ?? 0;
      const reply = await d.claim(`next-${i}`, { skills: BOTH, heldMs: 1 });
      if (reply.verdict === 'none' && !reply.isIncomplete) expect(reply.clockMs).toBeLessThan(untilMs);
      else if (reply.verdict === 'granted') expect(reply.agentId).toBe(one);
      await expect
        .poll(async () => (await d.claim('free again', { agentId: one, heldMs: 1 })).verdict, SOON)
        .toBe('granted');
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  });

  it('is said with the counts of all trips, and an explanation of all', async () => {
    const d = await longLine('counted');
    await d.claim('taken');
    for (const reply of [await d.claim('1', { skills: BOTH }), await d.find({ skills: BOTH })]) {
      expect(reply.isIncomplete).toBeUndefined();
      expect(reply.tally).toMatchObject({ skill: 1399, claimed: 1 });
    }
    for (const { considered } of [
      await d.claim('2', { skills: BOTH, explain: true }),
      await d.find({ skills: BOTH, explain: true }),
    ]) {
      const without = considered.filter(({ obstacle }) => obstacle === 'skill').map(({ agentId }) => agentId);
      expect(new Set(without).size).toBe(1399);
    }
  });

  it('is said at once of a skill that nobody has, and of a rare one by those who have it', async () => {
    const d = await longLine('rare', 800);
    await d.free('one', 9000, { rare: 60 });
    expect(await d.claim('1', { skills: { unknown: 0 } })).toMatchObject({ verdict: 'none', tally: { seen: 0 } });
    expect(await d.claim('2', { skills: { rare: 70 } })).toMatchObject({ verdict: 'none', tally: { seen: 1 } });
    expect(await d.claim('3', { skills: { rare: 60 } })).toMatchObject({ verdict: 'granted', agentId: 'rare:one' });
    expect((await d.find({ skills: { rare: 60 } })).agents).toEqual([]);
    await d.set('rare:one', { forgotten: { at: 20_000, id: 'gone' } });
    expect(await d.command('EXISTS', 'skill:{rare}:rare')).toBe(0);
  });

  it('is said of a skill that many have had, too', async () => {
    const d = store.domain('many');
    await Promise.all(Array.from({ length: 520 }, (_, i) => d.free(`a${i}`, 1000 + i, { spanish: 10 + (i % 50) })));
    expect(await d.command('SMEMBERS', 'skills:{many}')).toEqual([',spanish:']);
    expect(await d.command('EXISTS', 'skill:{many}:spanish')).toBe(0);
    expect(await d.claim('1', { skills: { spanish: 59 } })).toMatchObject({ verdict: 'granted', agentId: 'many:a49' });
    expect(await d.claim('2', { skills: { spanish: 60 } })).toMatchObject({ verdict: 'none' });
  });
});
