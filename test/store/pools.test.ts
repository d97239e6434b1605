import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ClaimReply, ClaimRequest, Queues } from '../../src/store/queues.ts';
import type { Written } from '../../src/store/written.ts';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { record, replay } from '../pools/histories.ts';
import type { Plan } from '../pools/plan.ts';
import { NOTHING_SEEN, Play } from '../pools/play.ts';
import { EVERYTHING, prove } from '../pools/prove.ts';
import { memoryStage, redisStage, type Stage } from '../pools/stores.ts';

const POOLS = 100;

describe.each<[string, () => Promise<Stage>]>([
  ['Redis', () => redisStage(24)],
  ['memory', async () => memoryStage()],
])('a claim on the store in %s', (_, open) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await open();
  });
  afterAll(() => stage?.stop());

  test('finds the best agent exactly if a full scan finds one', async () => {
    const proof = await prove(stage, { pools: POOLS, seed: 1, bounds: EVERYTHING });
    expect(proof.counterExamples).toEqual([]);
    expect(proof).toMatchObject({ passed: POOLS, failed: 0, skipped: 0 });
    const { granted, none, found } = proof.seen;
    expect([granted > POOLS, none > POOLS, found > POOLS]).toEqual([true, true, true]);
  });
});

test('histories are answered the same by the same code, and show another answer', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'muster-histories-'));
  const file = join(dir, 'histories.json');
  try {
    await record(memoryStage({ shortMs: 1 }), file, 20, 1);
    expect(await replay(memoryStage({ shortMs: 1 }), file)).toMatchObject({ same: 20, different: 0 });
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('"granted"', '"ask"'));
    const { different, lines } = await replay(memoryStage({ shortMs: 1 }), file);
    expect(different).toBeGreaterThan(0);
    expect(lines[0]).toContain('"verdict":"granted"');
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

describe('the full scan finds out', () => {
  const person = { isAway: false, queues: ['q'], capacity: undefined, tenureDays: 0, state: 'free' } as const;
  const wish = { queue: 'q', media: 'voice', vouched: [], instead: false, excluded: [], isShort: false } as const;
  const free = (skills: Record<string, number>, sinceMs: number): Plan['people'][number] => ({
    ...{ ...person, queues: [...person.queues], skills, sinceMs, stands: 'ahead' },
  });
  const plan: Plan = {
    ranking: 0,
    people: [free({}, 1), free({}, 2), free({}, 3), free({ rare: 60 }, 4)],
    crowd: { count: 0, lapsed: 0, isAway: false, isOff: false, skills: {} },
    requests: [
      { ...wish, vouched: [], excluded: [], skills: { rare: 10 } },
      { ...wish, vouched: [], excluded: [], skills: {} },
    ],
    acts: [],
  };
  const rare: Plan['acts'][number] = { kind: 'claim', request: 0, most: 1 };
  const anybody: Plan['acts'][number] = { kind: 'claim', request: 1, most: 1 };
  const away: Plan['acts'][number] = { kind: 'presence', who: 3, state: 'OFF_DUTY', isPlain: false };
  const back: Plan['acts'][number] = { kind: 'presence', who: 3, state: 'ON_DUTY', isPlain: false };

  /** Plays acts against a store in memory whose claims are answered by `claim`. */
  async function played(
    acts: Plan['acts'],
    claim: (queues: Queues, request: ClaimRequest) => Promise<Written<ClaimReply>>,
  ) {
    const config = poolConfig('d', { replicas: 0 });
    const store = new MemoryStore(new MemoryRegion({ clock: systemClock }), config);
    const queues: Queues = {
      claim: (request) => claim(store.queues, request),
      find: (request) => store.queues.find(request),
      size: (...args) => store.queues.size(...args),
    };
    const pool = new Pool('d', config, Object.assign(Object.create(store), { queues }) as MemoryStore);
    const times = { shortMs: 1, pass: async () => undefined };
    return new Play({ ...plan, acts }, pool, times, { ...NOTHING_SEEN }, EVERYTHING).run();
  }

  test('nothing in a store that keeps its word', async () => {
    await played([rare, away, rare, back, anybody], (queues, request) => queues.claim(request));
  });

  test('a walk that ends before the last in line', async () => {
    const first = ['d:p0', 'd:p1', 'd:p2'];
    const bounded = async (queues: Queues, request: ClaimRequest) => {
      const { considered } = await queues.find({ ...request, explain: true, limit: 1000 });
      const beyond = considered.flatMap(({ agentId }) => (first.includes(agentId) ? [] : [agentId]));
      return queues.claim({ ...request, excluded: [...request.excluded, ...beyond] });
    };
    await expect(played([rare], bounded)).rejects.toThrow('none, but d:p3 qualifies');
  });

  test('a "nobody" that is remembered for too long', async () => {
    let isRemembered = false;
    const remembering = async (queues: Queues, request: ClaimRequest) => {
      const written = await queues.claim(isRemembered ? { ...request, excluded: ['d:p3'] } : request);
      isRemembered ||= written.evenIfLost().verdict === 'none';
      return written;
    };
    await played([away, rare, rare], remembering);
    isRemembered = false;
    await expect(played([away, rare, back, rare], remembering)).rejects.toThrow('none, but d:p3 qualifies');
  });

  test('a claim of another than the first', async () => {
    const second = (queues: Queues, request: ClaimRequest) => queues.claim({ ...request, excluded: ['d:p0'] });
    await expect(played([anybody], second)).rejects.toThrow('d:p1 was given, but d:p0 comes before');
  });

  test('a claim of somebody without the skill', async () => {
    const unskilled = (queues: Queues, request: ClaimRequest) => queues.claim({ ...request, skills: {} });
    await expect(played([rare], unskilled)).rejects.toThrow('d:p0 was given, who does not qualify');
  });

  test('an answer that is no decision', async () => {
    const undecided = async (queues: Queues, request: ClaimRequest) =>
      (await queues.claim(request)).map((reply) => ({ ...reply, verdict: 'incomplete' as 'none' }));
    await expect(played([{ ...away, who: 0 }, rare], undecided)).rejects.toThrow('no decision');
  });
});
