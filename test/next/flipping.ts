import { setTimeout as pause } from 'node:timers/promises';
import { domainsOf } from '../../src/config/topology.ts';
import { agentsKey } from '../../src/store/record/record.ts';
import { Cluster } from '../../src/store/redis/cluster.ts';
import { RedisStore } from '../../src/store/redis/redis-store.ts';
import { WriteBatcher } from '../../src/store/redis/write-batcher.ts';
import type { StoreFormat } from '../../src/store/store.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';

const LONGEST_PAUSE_MS = 60;
/** On a slow machine the pauses are longer, by how long a change takes: a script that meets a change must have time to be repeated. */
const REST = 4;

/** Domains whose format changes already: several stores may be opened for one. */
const flipped = new Set<string>();

type Parts = ConstructorParameters<typeof RedisStore>[0];

/**
 * Opens a store whose domains change their format to and fro, while the records are converted. Another instance does that, so
 * this one learns it from its scripts. The tests take shards away, so errors of the store do not count.
 */
export function flipping(nodes: string[], parts: Parts): RedisStore {
  const domains = domainsOf(parts.config).filter((domain) => !flipped.has(domain));
  for (const domain of domains) flipped.add(domain);
  void elsewhere(nodes, parts).then((other) => {
    for (const domain of domains) flipLater(new RedisStore(other), other, domain, 'newest');
  });
  return new RedisStore(parts);
}

let opened: Promise<Pick<Parts, 'cluster' | 'claims' | 'changes'>> | undefined;

/** The same store, with connections and knowledge of its own. */
async function elsewhere(nodes: string[], parts: Parts): Promise<Parts> {
  opened ??= Cluster.connect({ nodes, ...LOCAL_USER }, parts.clock, parts.log).then((cluster) => {
    const lane = new WriteBatcher(cluster, 20, 1);
    return { cluster, claims: lane, changes: lane };
  });
  return { ...parts, ...(await opened) };
}

function flipLater(store: RedisStore, parts: Parts, domain: string, to: 'newest' | 'oldest'): void {
  const next = to === 'newest' ? 'oldest' : 'newest';
  const timer = setTimeout(
    () => void flip(store, parts, domain, to).then(() => flipLater(store, parts, domain, next)),
    pauseMs(),
  );
  timer.unref();
}

const pauseMs = (tookMs = 0): number => Math.random() * Math.max(LONGEST_PAUSE_MS, REST * tookMs);

/** Changes the format of a domain and converts its records. From then on, none may have the other format. */
async function flip(
  store: RedisStore,
  { cluster, clock }: Parts,
  domain: string,
  to: 'newest' | 'oldest',
): Promise<void> {
  const key = agentsKey(domain);
  const startedMs = clock.monotonicMs();
  let read: { before: StoreFormat; entries: string[]; after: StoreFormat };
  try {
    await store.conversion.flip(domain, to);
    const tookMs = clock.monotonicMs() - startedMs;
    await store.conversion.convert(domain, async () => undefined);
    await pause(pauseMs(tookMs));
    const before = await store.conversion.state(domain);
    const [, entries] = (await cluster.command(key, ['HSCAN', key, '0', 'COUNT', '100000'])) as [string, string[]];
    read = { before, entries, after: await store.conversion.state(domain) };
  } catch {
    return; // the shard was away
  }
  const { before, entries, after } = read;
  if (before.mixed !== undefined || before.flips !== after.flips) return;
  const wrong = entries.filter((entry, i) => i % 2 === 1 && !entry.startsWith(before.format));
  // Nobody awaits this: it ends the tests.
  if (wrong.length > 0) throw new Error(`domain ${domain} has format ${before.format}, and yet there is ${wrong[0]}`);
}
