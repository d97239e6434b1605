import { inside, type Problem } from '../../config/problems.ts';
import type { Config } from '../../config/schema.ts';
import { connectionNameOf } from '../../config/topology.ts';
import { systemClock } from '../../ops/clock.ts';
import { createLog } from '../../ops/log.ts';
import { OWNER_KEY, readRecord } from '../../store/record/record.ts';
import { Cluster } from '../../store/redis/cluster.ts';
import { scanAgents } from '../../store/redis/scan.ts';
import { differenceOf, partitionsThere } from '../partitions.ts';
import { clusterSettings } from '../store.ts';

/** As whom the command is at the bus. */
const NAME = 'muster-config';
/** Records that are read at a time. */
const STEP = 500;
/** Queues that are named where one is not found. */
const MOST_NAMED = 10;

/** What the cluster and the bus say to a configuration. */
interface Heard {
  wrong: Problem[];
  /** Why something could not be asked. */
  unknown: string[];
  /** What else there is to know, a line each. */
  told: string[];
}

/** Asks the cluster and the bus whether they are as a configuration says. Changes nothing there. */
export async function askAround(config: Config): Promise<Heard> {
  const heard: Heard = { wrong: [], unknown: [], told: [] };
  await asked(heard, () => askBus(config, heard));
  await asked(heard, () => askCluster(config, heard));
  return heard;
}

async function asked({ unknown }: Heard, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    unknown.push(error instanceof Error ? error.message : String(error));
  }
}

async function askBus({ bus }: Config, { wrong, told }: Heard): Promise<void> {
  const count = await partitionsThere(bus, NAME);
  if (count === undefined) {
    const next =
      bus.driver === 'kafka' ? '`muster topics apply` creates it' : 'the first instance settles its partitions';
    told.push(`bus: there is no ${bus.topic} yet; ${next}`);
    return;
  }
  const difference = await differenceOf(bus, count);
  if (difference === undefined) told.push(`bus: ${count} partitions of ${bus.topic}, as configured`);
  else wrong.push({ path: 'bus.partitions', message: difference });
}

async function askCluster(config: Config, heard: Heard): Promise<void> {
  const { region, redis } = config;
  const cluster = await Cluster.connect(clusterSettings(config), systemClock, createLog('silent', region, NAME));
  try {
    const owner = await cluster.command(OWNER_KEY, ['GET', OWNER_KEY]);
    if (owner !== null && owner !== region) {
      const message = `belong to region "${owner}", not "${region}": regions never share a cluster`;
      heard.wrong.push({ path: 'redis.nodes', message });
      return;
    }
    const masters = cluster.shards.all();
    const few = masters.filter(({ up, replicas }) => up && replicas < redis.replicas);
    for (const { address, replicas } of few)
      heard.wrong.push({
        path: 'redis.replicas',
        message: `is ${redis.replicas}, and the master ${address} has ${replicas}: add replicas, or lower it`,
      });
    for (const { address, up, refuses } of masters) {
      if (!up) heard.unknown.push(`the master ${address} does not answer`);
      if (refuses !== undefined) heard.unknown.push(`the master ${address} refuses to write: ${refuses}`);
    }
    heard.told.push(`redis: ${masters.length} masters, ${owner === null ? 'not used yet' : `used by ${owner}`}`);
    heard.told.push(...(await askQueues(config, cluster)));
  } finally {
    await cluster.close();
  }
}

/**
 * Platform queues that virtual queues unite and that no agent is in: a mistyped id looks like that. It is no mistake by itself,
 * so it is only told; and only of connections whose agents are known here.
 */
async function askQueues(config: Config, cluster: Cluster): Promise<string[]> {
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

/** Enters the queues that agents of each connection are in. */
async function gather(config: Config, cluster: Cluster, domain: string, known: Map<string, Set<string>>) {
  for await (const lines of scanAgents(cluster, domain, { step: STEP })) {
    for (const [agentId, line] of lines) {
      const connection = connectionNameOf(config, agentId);
      if (connection === undefined) continue;
      const queues = known.get(connection) ?? new Set();
      for (const queue of readRecord(line).facets.profile?.queues ?? []) queues.add(queue);
      known.set(connection, queues);
    }
  }
}
