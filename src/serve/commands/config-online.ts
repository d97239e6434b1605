import { inside, type Problem } from '../../config/problems.ts';
import type { Config } from '../../config/schema.ts';
import { connectionNameOf } from '../../config/topology.ts';
import { systemClock } from '../../ops/clock.ts';
import { createLog } from '../../ops/log.ts';
import { OWNER_KEY, SeenRecords } from '../../store/record/record.ts';
import { Cluster } from '../../store/redis/cluster.ts';
import { Records } from '../../store/redis/records.ts';
import { scanAgents } from '../../store/redis/scan.ts';
import { differenceOf, partitionsThere } from '../partitions.ts';
import { clusterSettings } from '../store.ts';

/** Client name of the command on the bus. */
const NAME = 'muster-config';
/** Records for each step of a scan. */
const STEP = 500;
/** How many known queues are listed if one is not found. */
const MOST_NAMED = 10;

/** Results of comparing a configuration with the cluster and the bus. */
interface Comparison {
  wrong: Problem[];
  /** Why something could not be checked. */
  unknown: string[];
  /** Further information, one line each. */
  notes: string[];
}

/** Compares a configuration with the cluster and the bus. Changes nothing. */
export async function compareOnline(config: Config): Promise<Comparison> {
  const comparison: Comparison = { wrong: [], unknown: [], notes: [] };
  await attempt(comparison, () => compareBus(config, comparison));
  await attempt(comparison, () => compareCluster(config, comparison));
  return comparison;
}

async function attempt({ unknown }: Comparison, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    unknown.push(error instanceof Error ? error.message : String(error));
  }
}

async function compareBus({ bus }: Config, { wrong, notes }: Comparison): Promise<void> {
  const count = await partitionsThere(bus, NAME);
  if (count === undefined) {
    const next = bus.driver === 'kafka' ? '`muster topics apply` creates it' : 'the first instance creates it';
    notes.push(`bus: there is no ${bus.topic} yet; ${next}`);
    return;
  }
  const difference = await differenceOf(bus, count);
  if (difference === undefined) notes.push(`bus: ${count} partitions of ${bus.topic}, as configured`);
  else wrong.push({ path: 'bus.partitions', message: difference });
}

async function compareCluster(config: Config, comparison: Comparison): Promise<void> {
  const { region, redis } = config;
  const cluster = await Cluster.connect(clusterSettings(config), systemClock, createLog('silent', region, NAME));
  try {
    const owner = await cluster.command(OWNER_KEY, ['GET', OWNER_KEY]);
    if (owner !== null && owner !== region) {
      const message = `belong to region "${owner}", not "${region}": regions never share a cluster`;
      comparison.wrong.push({ path: 'redis.nodes', message });
      return;
    }
    const masters = cluster.shards.all();
    const few = masters.filter(({ up, replicas }) => up && replicas < redis.replicas);
    for (const { address, replicas } of few)
      comparison.wrong.push({
        path: 'redis.replicas',
        message: `is ${redis.replicas}, and the master ${address} has ${replicas}: add replicas, or lower it`,
      });
    for (const { address, up, refuses } of masters) {
      if (!up) comparison.unknown.push(`the master ${address} does not answer`);
      if (refuses !== undefined) comparison.unknown.push(`the master ${address} refuses to write: ${refuses}`);
    }
    comparison.notes.push(`redis: ${masters.length} masters, ${owner === null ? 'not used yet' : `used by ${owner}`}`);
    comparison.notes.push(...(await compareQueues(config, cluster)));
  } finally {
    await cluster.close();
  }
}

/**
 * Finds platform queues in virtual queues that no agent is in, which may be mistyped ids. An empty queue is no error, so they are
 * only reported, and only for connections whose agents are known here.
 */
async function compareQueues(config: Config, cluster: Cluster): Promise<string[]> {
  const known = new Map<string, Set<string>>();
  for (const domain of Object.keys(config.domains)) await gather(config, cluster, domain, known);
  return Object.entries(config.queues).flatMap(([name, { unites }]) =>
    unites.flatMap((queue, at) => {
      const queues = known.get(connectionNameOf(config, queue) ?? '');
      if (!queues || queues.has(queue)) return [];
      const some = [...queues].sort().slice(0, MOST_NAMED);
      const rest = queues.size > some.length ? ` and ${queues.size - some.length} more` : '';
      const place = inside(`${inside('queues', name)}.unites`, at);
      return [
        `${place}: no agent is in ${queue}; agents of this connection are in ${some.join(', ') || 'no queue'}${rest}`,
      ];
    }),
  );
}

/** Collects the queues of the agents of each connection. */
async function gather(config: Config, cluster: Cluster, domain: string, known: Map<string, Set<string>>) {
  const records = new Records(cluster, new SeenRecords(STEP));
  for await (const agentIds of scanAgents(cluster, domain, { step: STEP })) {
    for (const [agentId, { facets }] of await records.readAll(domain, agentIds)) {
      const connection = connectionNameOf(config, agentId);
      if (connection === undefined) continue;
      const queues = known.get(connection) ?? new Set();
      for (const queue of facets.profile?.queues ?? []) queues.add(queue);
      known.set(connection, queues);
    }
  }
}
