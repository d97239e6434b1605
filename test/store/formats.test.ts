import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { FORMATS, OLDEST } from '../../src/store/record/layout.ts';
import { openRedisStore } from '../../src/store/redis/redis-store.ts';
import { type DomainScript, scripts } from '../../src/store/redis/scripts.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { poolConfig } from '../fixtures/pool.ts';
import { type Store, silent, startStore } from '../fixtures/store.ts';

/** A format that no version has. */
const UNKNOWN = '9';
const KEYS = 40;

let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store?.stop());

const ofDomains = Object.values(scripts).filter((script): script is DomainScript => 'byFormat' in script);
const variants = ofDomains.flatMap(({ name, byFormat }) =>
  [...byFormat].map(([format, { lua }]) => ({ name, format, lua })),
);

describe('a format', () => {
  it('has a number of one character, which every header begins with; version and facets stay where they are', () => {
    for (const { number, fields, places } of FORMATS) {
      expect(number).toMatch(/^\S$/);
      expect(fields.slice(0, 3).map(([name]) => name)).toEqual(['format', 'version', 'facets']);
      expect([places.format, places.version, places.facets]).toEqual([
        [0, 1],
        [1, 17],
        [17, 33],
      ]);
    }
    expect(FORMATS.length).toBeLessThanOrEqual(2);
  });
});

describe.each(variants)('the script $name for format $format', ({ name, lua }) => {
  it('compares the format of the store before anything else', async () => {
    const d = store.domain(`${name}-compares`);
    const key = `store:{${d.name}}`;
    await d.command('HSET', key, 'format', UNKNOWN);
    const before = await d.command('HGETALL', key);
    // All keys are the store's, so whichever the script takes for it, it finds the format there.
    const keys = Array.from({ length: KEYS }, () => key);
    await expect(d.command('EVAL', lua, String(KEYS), ...keys, '[]')).rejects.toThrow(`FORMAT ${UNKNOWN}`);
    expect(await d.command('HGETALL', key)).toEqual(before);
  });
});

describe('a store whose format this version does not know', () => {
  it('refuses everything as an outage that names the formats, and changes nothing', async () => {
    const d = store.domain('newer');
    await d.free('a', 1000);
    await d.command('HSET', 'store:{newer}', 'format', UNKNOWN);
    const before = await d.command('HGETALL', 'agents:{newer}');
    const refusal = /domain "newer" has format 9, and this version of Muster knows 3/;
    for (const work of [() => d.claim('call'), () => d.free('a', 2000), () => d.store.agents.get('newer:a')]) {
      const refused = work();
      await expect(refused).rejects.toThrow(refusal);
      await expect(refused).rejects.toBeInstanceOf(ShardUnavailable);
    }
    expect(await d.command('HGETALL', 'agents:{newer}')).toEqual(before);
    expect(await d.store.conversion.state('newer')).toEqual({ format: UNKNOWN, flips: 0 });
  });

  it.each([{ fields: ['format', UNKNOWN] }, { fields: ['format', OLDEST.number, 'mixed', UNKNOWN] }])(
    'keeps an instance from starting, with $fields',
    async ({ fields }) => {
      const d = store.domain('not-ours');
      await d.command('DEL', 'store:{not-ours}');
      await d.command('HSET', 'store:{not-ours}', ...fields);
      const settings = { nodes: store.redis.addresses, ...LOCAL_USER };
      const opened = openRedisStore({ settings, config: poolConfig('not-ours'), clock: systemClock, log: silent });
      await expect(opened).rejects.toThrow(/domain "not-ours" has format 9.*muster upgrade status/);
    },
  );
});

describe('the format of a store', () => {
  it('is the oldest if the store names none', async () => {
    const d = store.domain('silent');
    expect(await d.store.conversion.state('silent')).toEqual({ format: OLDEST.number, flips: 0 });
    await d.free('a', 1000);
    expect(await d.command('HGET', 'agents:{silent}', 'silent:a')).toMatch(new RegExp(`^${OLDEST.number}`));
  });

  it('does not change to what it is; the write is counted all the same, so a replica acknowledges it', async () => {
    const d = store.domain('same');
    const flipped = await d.store.conversion.flip('same', 'oldest');
    expect(flipped.evenIfLost()).toBe(0);
    expect(await d.command('HGET', 'store:{same}', 'writes')).toBe('1');
    expect(await d.store.conversion.convert('same', async () => undefined)).toBe(0);
  });
});
