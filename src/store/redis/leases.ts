import { type LeaseHolder, type Leases, type LeaseTable, type LeaseTerms, SharedLeases } from '../leases.ts';
import type { Cluster } from './cluster.ts';
import { type Script, scripts } from './scripts.ts';

export interface LeasesOptions extends LeaseTerms {
  /** Runs a script on the Redis that holds the leases; must settle in less than `ttlMs`. */
  run(script: Script, keys: string[], args: string[]): Promise<unknown>;
  /** Prefix of all keys, e.g. `{relay}`; on a Redis Cluster it must contain a hash tag. */
  prefix: string;
}

/** Creates leases in a Redis. */
export function createLeases(options: LeasesOptions): Leases {
  return new SharedLeases(options, tableIn(options));
}

/** The key of a lease; its value is the name of the holder. */
export const leaseKey = (prefix: string, number: number): string => `${prefix}:${number}`;

const instancesKey = (prefix: string): string => `${prefix}:instances`;

const keysOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, number) => leaseKey(prefix, number));

function tableIn({ run, prefix, count }: LeasesOptions): LeaseTable {
  const keys = [instancesKey(prefix), ...keysOf(prefix, count)];
  return {
    async renew({ instance, ttlMs, retires, handedBack }) {
      const args = [instance, `${ttlMs}`, retires ? 'retire' : 'take', ...handedBack.map(String)];
      const [share = 0, others = 0, ...held] = ((await run(scripts.lease, keys, args)) as unknown[]).map(Number);
      return { share, others, held };
    },
    async leave(instance) {
      await run(scripts.leave, keys, [instance]);
    },
  };
}

/** Reads the names of the live instances. @throws ShardUnavailable */
export async function instancesOf(cluster: Cluster, prefix: string): Promise<string[]> {
  const key = instancesKey(prefix);
  const nowMs = String(Math.floor(cluster.shards.nowMs()));
  return (await cluster.command(prefix, ['ZRANGE', key, nowMs, '+inf', 'BYSCORE'])) as string[];
}

/** Reads the holders of all leases, and their remaining times. @throws ShardUnavailable */
export async function holdersOf(cluster: Cluster, prefix: string, count: number): Promise<LeaseHolder[]> {
  const keys = keysOf(prefix, count);
  if (keys.length === 0) return [];
  const [holders, leftMs] = await Promise.all([
    cluster.command(prefix, ['MGET', ...keys]) as Promise<(string | null)[]>,
    Promise.all(keys.map((key) => cluster.command(prefix, ['PTTL', key]))),
  ]);
  return holders.map((instance, number) => ({ ...(instance && { instance }), leftMs: Number(leftMs[number]) }));
}
