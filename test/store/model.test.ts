import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { type Store, startStore } from '../fixtures/store.ts';
import { type Act, Actor, act } from './acts.ts';
import { Comparable } from './comparable.ts';

let redis: Store;
beforeAll(async () => {
  redis = await startStore({ replicas: false });
});
afterAll(() => redis.stop());

/** One call with claims on two units under one fence, as regions that could not hear each other may have granted. */
const TWO_UNITS: Act[] = [
  ...['email-1', 'chat-1'].map(
    (unit): Act => ({ kind: 'heard', agent: 'b', unit, call: 'call: 3', state: 'HELD', by: undefined, isLong: true }),
  ),
  {
    kind: 'profile',
    agent: 'b',
    capacity: { media: { chat: { units: 2, beside: [] } } },
    skills: {},
    isElsewhere: false,
  },
  {
    kind: 'claim',
    call: 'call: 3',
    media: 'chat',
    skills: {},
    isElsewhere: false,
    isLong: true,
    wish: 'one',
    passOver: undefined,
    vouched: [],
    instead: false,
    excluded: [],
    only: undefined,
  },
];

it('the same acts have the same answers in Redis and in memory, and leave the same state', async () => {
  const region = new MemoryRegion({ clock: systemClock });
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const name = `model${number++}`;
      const ranking = { tenureSecondsPerYear: 0.05, surplusSeconds: 0.01 };
      const config = poolConfig(name, { ranking, replicas: 0 });
      const actors = [redis.open(config), new MemoryStore(region, config)].map(
        (store) => new Actor(new Pool(name, config, store)),
      );
      const comparables = actors.map((actor) => new Comparable(actor));
      for (const actor of actors) await actor.begin();
      for (const what of acts) {
        const answers = [];
        for (const [i, actor] of actors.entries()) answers.push(comparables[i]?.of(await actor.perform(what)));
        // Short locks are over, and no two acts are of one moment.
        await delay(3);
        expect({ what, answer: answers[1] }).toEqual({ what, answer: answers[0] });
      }
      const [inRedis, inMemory] = await Promise.all(comparables.map((each) => each.everything()));
      expect(inMemory).toEqual(inRedis);
    }),
    { numRuns: 120, examples: [[TWO_UNITS]] },
  );
});
