import { setTimeout as delay } from 'node:timers/promises';
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { ShardUnavailable, type Store } from '../../src/store/store.ts';
import { Pool } from '../fixtures/pool.ts';
import { startStore } from '../fixtures/store.ts';
import { RANKINGS } from './plan.ts';
import type { Times } from './play.ts';

/** A store that plans are played against. */
export interface Stage {
  name: 'redis' | 'memory';
  /** How many plans are played at once. */
  atOnce: number;
  times: Times;
  /** A domain that was never used. */
  pool(ranking: number): Pool;
  stop(): Promise<void>;
}

/** Stores of one config have many domains: a store of its own for each pool would cost more than the pool. */
const DOMAINS = 100;

/** Whatever is short, in ms. */
const SHORT_MS = 3;

/** Gives out domains that were never used. @param open opens a store of a config */
function domainsOf(open: (config: Config) => Store): (ranking: number) => Pool {
  const blocks = RANKINGS.map((): { config: Config; store: Store; names: string[] } | undefined => undefined);
  let count = 0;
  return (ranking) => {
    const known = blocks[ranking];
    if (known && known.names.length > 0) return new Pool(known.names.pop() as string, known.config, known.store);
    const names = Array.from({ length: DOMAINS }, (_, i) => `d${count}x${i}`);
    count += 1;
    const config = configOf(names, ranking);
    const block = { config, store: open(config), names };
    blocks[ranking] = block;
    return new Pool(names.pop() as string, config, block.store);
  };
}

/** The config of `eu`: for each name a domain, a connection that is homed here, and one that is homed in `us`. */
function configOf(names: string[], ranking: number): Config {
  const connection = (domain: string, home: string) => ({ platform: 'events', home, domain });
  const settings = {
    region: 'eu',
    redis: { nodes: ['127.0.0.1:1'], replicas: 0 },
    bus: { url: 'redis://127.0.0.1:2' },
    regions: { eu: { url: 'http://127.0.0.1:3' }, us: { url: 'http://127.0.0.1:4' } },
    domains: { main: {}, ...Object.fromEntries(names.map((name) => [name, {}])) },
    connections: Object.fromEntries(
      names.flatMap((name) => [
        [name, connection(name, 'eu')],
        [`away-${name}`, connection(name, 'us')],
      ]),
    ),
    ranking: RANKINGS[ranking],
  };
  return readConfig(JSON.stringify(settings), 'pools', {});
}

/** A Redis Cluster without replicas. */
export async function redisStage(atOnce: number, times: Partial<Times> = {}): Promise<Stage> {
  const store = await startStore({ nodeTimeoutMs: 60_000, replicas: false });
  return {
    name: 'redis',
    atOnce,
    times: { shortMs: SHORT_MS, pass: (ms) => delay(ms + 1), ...times },
    pool: domainsOf((config) => store.open(config)),
    stop: () => store.stop(),
  };
}

/** The store in memory. Its clock stands still unless time is passed, so plans are played one after the other. */
export function memoryStage(times: Partial<Times> = {}): Stage {
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  return {
    name: 'memory',
    atOnce: 1,
    times: { shortMs: SHORT_MS, pass, pauseMs: 1, ...times },
    pool: domainsOf((config) => new MemoryStore(new MemoryRegion({ clock }), config)),
    stop: async () => undefined,
  };
}

/** How often something is played if the store was away, and how long before the next time, in ms. */
const ATTEMPTS = 20;
const AWAY_MS = 1000;

/**
 * Plays again while the store is away; what was begun is unknown then, so each time must use a domain of its own.
 * @throws ShardUnavailable if it stays away
 */
export async function playUntilThere<T>(play: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await play();
    } catch (error) {
      if (!(error instanceof ShardUnavailable) || attempt === ATTEMPTS) throw error;
      await delay(AWAY_MS);
    }
  }
}
