import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { busRules } from '../../src/bus/redis-streams/acl.ts';
import { aclArguments, LOCAL_USER } from '../../world/redis/access.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { type LocalRedisCluster, type LocalRedisNode, startRedisCluster } from '../../world/redis/cluster.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';
import { freePort } from '../../world/tools/ports.ts';
import { Process } from '../../world/tools/process.ts';
import { until } from './until.ts';
import { Wire, Wires } from './wire.ts';

/** What happens at a point. `failover`: what the master has acknowledged is on its replica; `lossy`: nothing since the step began is. */
export const FAULTS = ['kill', 'failover', 'lossy'] as const;
export type Fault = (typeof FAULTS)[number];

export const TOPIC = 'agent.status.change';
export const PARTITIONS = 2;
const START_LIMIT_MS = 120_000;
const START_ATTEMPTS = 3;
const STOP_LIMIT_MS = 10_000;
const HEARTBEAT_MS = 500;
/** Nothing lapses while a fault is healed. */
const HELD_MS = 120_000;
/** Only this proof promotes replicas: a busy machine must not. */
const NODE_TIMEOUT_MS = 60_000;
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const LEASES = ['relay', 'alignments', 'expiry', 'connections', 'lapses', 'conversions'];

/**
 * Two regions of one instance each, and their bus. Faults happen to `eu`, whose instance reaches its store and the bus by wires.
 * A third region is configured and never runs, so that the bus keeps all messages.
 */
export interface Regions {
  eu: LocalRedisCluster;
  us: LocalRedisCluster;
  bus: RedisServer;
  wires: Wires;
  /** Of the instances. */
  urls: { eu: string; us: string };
  /** Before a step. */
  prepare(fault: Fault): Promise<void>;
  /** Breaks `eu`. What it leaves is then at rest: the instance is dead, or everything that it sends is held back. */
  strike(fault: Fault): Promise<void>;
  /** Brings back what is broken. Leases of the dead instance count as lapsed. */
  heal(fault: Fault): Promise<void>;
  stop(): Promise<void>;
}

export async function startRegions(dir: string): Promise<Regions> {
  const bus = await startRedis({ dir: join(dir, 'bus'), args: aclArguments(busRules(TOPIC)) });
  const cluster = (name: string, replicas: boolean): Promise<LocalRedisCluster> =>
    startRedisCluster({ dir: join(dir, name), masters: 1, replicas, nodeTimeoutMs: NODE_TIMEOUT_MS });
  const [eu, us] = await Promise.all([cluster('eu', true), cluster('us', false)]);
  // A node that never met another does not know its address.
  for (const { port } of us.nodes) {
    await withAdmin(port, (redis) => redis.run('CONFIG', 'SET', 'cluster-announce-ip', '127.0.0.1'));
  }
  const wires = new Wires();
  const toBus = new Wire({ target: bus.port, wires });
  const toStore = new Map(eu.nodes.map(({ port }) => [port, new Wire({ target: port, wires, rewrite })]));
  const all = [toBus, ...toStore.values()];
  /** The instance must know no node but by its wire. */
  function rewrite(reply: Buffer, [verb = '']: string[]): Buffer {
    if (verb.toUpperCase() !== 'CLUSTER' && reply[0] !== '-'.charCodeAt(0)) return reply;
    const text = reply.toString('latin1').replace(/:(\d{5})\r\n/g, (whole, port) => {
      const wire = toStore.get(Number(port));
      return wire ? `:${wire.port}\r\n` : whole;
    });
    return Buffer.from(text, 'latin1');
  }
  await Promise.all(all.map((wire) => wire.start()));
  const [euPort, usPort] = [await freePort(), await freePort()];
  const urls = { eu: `http://127.0.0.1:${euPort}`, us: `http://127.0.0.1:${usPort}` };
  const shared = {
    log: { level: 'warn' },
    regions: { eu: { url: urls.eu }, us: { url: urls.us }, never: { url: 'http://127.0.0.1:9' } },
    connections: { 'crm-eu': { platform: 'events', home: 'eu' }, 'crm-us': { platform: 'events', home: 'us' } },
    freshness: { heartbeatMs: HEARTBEAT_MS },
  };
  const busAt = (port: number) => ({
    url: `redis://muster:muster@127.0.0.1:${port}`,
    topic: TOPIC,
    partitions: PARTITIONS,
  });
  const nodes = [...toStore.values()].map(({ port }) => `127.0.0.1:${port}`);
  const instances = {
    eu: await instanceOf(dir, 'eu', {
      ...{ ...shared, region: 'eu', listen: { port: euPort } },
      ...{ redis: { nodes, ...LOCAL_USER, replicas: 1 }, bus: busAt(toBus.port) },
      claims: { replication: 'refuse', heldMs: HELD_MS },
    }),
    us: await instanceOf(dir, 'us', {
      ...{ ...shared, region: 'us', listen: { port: usPort } },
      ...{ redis: us.access, bus: busAt(bus.port) },
    }),
  };
  const stop = async (): Promise<void> => {
    await Promise.all([instances.eu.kill(), instances.us.kill()]);
    await Promise.all(all.map((wire) => wire.stop()));
    await Promise.all([bus.stop(), eu.stop(), us.stop()]);
  };
  try {
    await Promise.all([instances.eu.start(), instances.us.start()]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { eu, us, bus, wires, urls, ...faultsOn({ eu, bus, instance: instances.eu, wires: all }), stop };
}

interface Instance {
  start(): Promise<void>;
  kill(): Promise<void>;
}

async function instanceOf(
  dir: string,
  name: string,
  config: Record<string, unknown> & { listen: { port: number } },
): Promise<Instance> {
  const file = join(dir, `${name}.yaml`);
  await writeFile(file, JSON.stringify(config));
  const settings = { name: `the instance of ${name}`, logFile: join(dir, `${name}.log`), stopLimitMs: STOP_LIMIT_MS };
  const process_ = new Process(settings);
  const isReady = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${config.listen.port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  return {
    start: async () => {
      for (let attempt = 1; ; attempt++) {
        process_.start(process.execPath, [CLI, 'serve', '--config', file]);
        try {
          return await process_.untilServing(isReady, START_LIMIT_MS);
        } catch (error) {
          // It gives up where its store does not answer, as on a busy machine, and is started again, as by a service manager.
          if (attempt === START_ATTEMPTS) throw error;
        }
      }
    },
    kill: () => process_.kill('SIGKILL'),
  };
}

interface Breakable {
  eu: LocalRedisCluster;
  bus: RedisServer;
  instance: Instance;
  wires: Wire[];
}

function faultsOn({ eu, bus, instance, wires }: Breakable): Pick<Regions, 'prepare' | 'strike' | 'heal'> {
  let dead: LocalRedisNode | undefined;
  const masterNow = (): Promise<LocalRedisNode> => eu.masterOf('agents:{main}');
  const takeOver = async (master: LocalRedisNode): Promise<void> => {
    const replica = eu.nodes.find((node) => node !== master) as LocalRedisNode;
    await eu.kill(master);
    dead = master;
    await withAdmin(replica.port, (redis) => redis.run('CLUSTER', 'FAILOVER', 'TAKEOVER'));
    await until('the replica to be promoted', async () => (await rolesOf(replica)).includes('role:master'));
  };
  return {
    prepare: async (fault) => {
      if (fault === 'lossy') await eu.cutReplication(await masterNow());
    },
    strike: async (fault) => {
      if (fault === 'kill') {
        await instance.kill();
        for (const wire of wires) wire.cut();
        return;
      }
      const master = await masterNow();
      if (fault === 'failover') await inStep(master);
      await takeOver(master);
    },
    heal: async (fault) => {
      if (fault === 'kill') {
        const { port } = await masterNow();
        await lapseLeases(
          port,
          LEASES.map((work) => `{${work}}:*`),
        );
        await lapseLeases(bus.port, [`${TOPIC}:lease:eu:*`]);
        await instance.start();
        return;
      }
      if (dead) await eu.restart(dead);
      dead = undefined;
      const master = await masterNow();
      for (const node of eu.nodes) await eu.mendReplication(node);
      await until('the old master to follow', async () => {
        const replica = eu.nodes.find((node) => node !== master) as LocalRedisNode;
        return (await rolesOf(replica)).includes('master_link_status:up');
      });
    },
  };
}

const rolesOf = ({ port }: LocalRedisNode): Promise<string> =>
  withAdmin(port, async (redis) => String(await redis.run('INFO', 'replication')));

/** Resolves when the replica has everything that the master has. */
async function inStep({ port }: LocalRedisNode): Promise<void> {
  await withAdmin(port, async (redis) => {
    // `WAIT` covers what its own connection has written.
    await redis.run('SET', 'proof:{main}', 'in step');
    await until('the replica to be in step', async () => Number(await redis.run('WAIT', '1', '1000')) >= 1);
  });
}

async function lapseLeases(port: number, patterns: string[]): Promise<void> {
  await withAdmin(port, async (redis) => {
    for (const pattern of patterns) {
      for (const key of (await redis.run('KEYS', pattern)) as string[]) await redis.run('DEL', key);
    }
  });
}
