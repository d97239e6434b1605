import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import type { Clock, ClockReading } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { MAX_RECENT_RECORDS } from '../agent-record.ts';
import type { LeasedWork, LeaseHolder, LeaseOptions, Leases } from '../leases.ts';
import { KNOWN_FORMATS } from '../record/layout.ts';
import { agentsKey, BEAT_KEY, LEASES, OWNER_KEY, SeenRecords, storeKey } from '../record/record.ts';
import type { Aligned, Permits, PermitsOptions, ShardState, Store } from '../store.ts';
import { RedisAgents } from './agents.ts';
import { Alignment } from './alignment.ts';
import { RedisCalls } from './calls.ts';
import { RedisChanges } from './changes.ts';
import { Cluster } from './cluster.ts';
import type { ClusterSettings } from './connection.ts';
import { RedisConversion } from './conversion.ts';
import { knownFormats, unknownFormat } from './formats.ts';
import { RedisKeptAnswers } from './kept-answers.ts';
import { createLeases, holdersOf, instancesOf } from './leases.ts';
import { RedisNotes } from './notes.ts';
import { RedisOutbox } from './outbox.ts';
import { RedisPermits } from './permits.ts';
import { RedisQueues } from './queues.ts';
import { Records } from './records.ts';
import { scripts } from './scripts.ts';
import { WriteBatcher } from './write-batcher.ts';

interface RedisStoreOptions {
  settings: ClusterSettings;
  config: Config;
  clock: Clock;
  log: Log;
  /** Limit of changes of a domain that wait for the bus; tests set it. */
  maxOutboxEntries?: number;
}

/** Wait for replicas in ms. A caller waits for a claim, so it is short; the answer says whether a replica acknowledged. */
const CLAIM_REPLICA_WAIT_MS = 20;
/** Wait for replicas in ms. Accepted events must not be lost, and no caller is on the line. */
const CHANGE_REPLICA_WAIT_MS = 500;
/** Deadline in ms; another region waits for the answer. */
const BEAT_DEADLINE_MS = 500;

/**
 * Opens the region's Redis Cluster. Claims, other changes and the relay have connections of their own, because `WAIT` blocks a
 * connection.
 * @throws Error if the cluster cannot be used, or belongs to another region
 */
export async function openRedisStore({ settings, ...options }: RedisStoreOptions): Promise<RedisStore> {
  const { config, clock, log } = options;
  const cluster = await Cluster.connect(settings, clock, log);
  const opened = [cluster];
  const lane = async (replicaWaitMs: number): Promise<WriteBatcher> => {
    const connections = await cluster.alongside();
    opened.push(connections);
    return new WriteBatcher(connections, replicaWaitMs, config.redis.replicas);
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each.close()));
  };
  try {
    await claimOwnership(cluster, config.region);
    await checkFormat(cluster, config);
    const lanes = {
      claims: await lane(CLAIM_REPLICA_WAIT_MS),
      changes: await lane(CHANGE_REPLICA_WAIT_MS),
      relay: await lane(CHANGE_REPLICA_WAIT_MS),
    };
    return new RedisStore({ ...options, cluster, ...lanes, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Ensures that no two regions share a cluster: the first region writes its name there.
 * @throws Error if the cluster belongs to another region
 */
async function claimOwnership(cluster: Cluster, region: string): Promise<void> {
  await cluster.command(OWNER_KEY, ['SET', OWNER_KEY, region, 'NX']);
  const owner = await cluster.command(OWNER_KEY, ['GET', OWNER_KEY]);
  if (owner !== region) {
    throw new Error(
      `the Redis Cluster at redis.nodes belongs to region "${owner}", not "${region}": regions never share a cluster ` +
        `(if that region is gone for good, delete the key ${OWNER_KEY})`,
    );
  }
}

/**
 * Ensures that this version can read the records, and notes their format.
 * @throws Error if it cannot
 */
async function checkFormat(cluster: Cluster, config: Config): Promise<void> {
  for (const domain of domainsOf(config)) {
    const [agents, store] = [agentsKey(domain), storeKey(domain)];
    const fields = (await cluster.command(store, ['HMGET', store, 'format', 'mixed'])) as (string | null)[];
    for (const number of fields) {
      if (number === null || KNOWN_FORMATS.has(number)) continue;
      throw new Error(
        `${unknownFormat(domain, number)}: start the version that knows both, and run \`muster upgrade status\` with it`,
      );
    }
    if (fields[0]) cluster.formats.set(domain, fields[0]);
    const [, [, header] = []] = (await cluster.command(agents, ['HSCAN', agents, '0', 'COUNT', '1'])) as [
      string,
      string[],
    ];
    if (header === undefined || KNOWN_FORMATS.has(header.charAt(0))) continue;
    throw new Error(
      `the records of domain "${domain}" have a format that this version of Muster does not know (it knows ${knownFormats()}): ` +
        'stop all instances of the region, empty its Redis Cluster (FLUSHALL on every master), and start this version; agents ' +
        'come back from their platforms and from the other regions',
    );
  }
}

interface Parts extends Omit<RedisStoreOptions, 'settings'> {
  cluster: Cluster;
  /** Claims and their settlements. */
  claims: WriteBatcher;
  /** Changes of agents. */
  changes: WriteBatcher;
  /** What the relay reads. Behind all changes that wait, other regions would learn of the first when the last is written. */
  relay: WriteBatcher;
  close(): Promise<void>;
}

/** The region's store in a Redis Cluster. */
export class RedisStore implements Store {
  readonly agents: RedisAgents;
  readonly queues: RedisQueues;
  readonly calls: RedisCalls;
  readonly changes: RedisChanges;
  readonly outbox: RedisOutbox;
  readonly conversion: RedisConversion;
  readonly keptAnswers: RedisKeptAnswers;
  readonly notes: RedisNotes;
  readonly nowMs: () => number;
  readonly #parts: Parts;
  readonly #records: Records;

  constructor(parts: Parts) {
    const { cluster, claims, changes, relay, config, log, maxOutboxEntries } = parts;
    const seen = new SeenRecords(MAX_RECENT_RECORDS);
    // After a failover the store may be older than what is cached.
    cluster.shards.onDown = () => {
      seen.clear();
      this.outbox.forget();
    };
    const records = new Records(cluster, seen);
    this.#parts = parts;
    this.#records = records;
    this.outbox = new RedisOutbox(relay, cluster, log, domainsOf(config), maxOutboxEntries);
    this.conversion = new RedisConversion(cluster, changes);
    this.agents = new RedisAgents(cluster, { claims, changes }, config, this.outbox, seen);
    this.queues = new RedisQueues(cluster, claims, this.outbox, config.ranking.surplusSeconds * 1000, seen);
    this.calls = new RedisCalls(cluster, config.region, records);
    this.changes = new RedisChanges(cluster);
    this.keptAnswers = new RedisKeptAnswers(cluster);
    this.notes = new RedisNotes(cluster);
    this.nowMs = cluster.shards.nowMs.bind(cluster.shards);
  }

  async takeBeat(highest: number): Promise<number> {
    return Number(await this.#parts.cluster.run(scripts.beat, [BEAT_KEY], [String(highest)], BEAT_DEADLINE_MS));
  }

  followClocks(listener: (reading: ClockReading) => void): void {
    this.#parts.cluster.shards.onReading = listener;
  }

  leases({ work, ...terms }: LeaseOptions): Leases {
    const { cluster } = this.#parts;
    return createLeases({ ...terms, prefix: LEASES[work], run: (...command) => cluster.run(...command) });
  }

  instances(): Promise<string[]> {
    return instancesOf(this.#parts.cluster, LEASES.relay);
  }

  holders(work: LeasedWork, count: number): Promise<LeaseHolder[]> {
    return holdersOf(this.#parts.cluster, LEASES[work], count);
  }

  permits(options: PermitsOptions): Permits {
    return new RedisPermits(this.#parts.cluster, options);
  }

  align(domain: string, pace: (records: number) => Promise<void>): Promise<Aligned> {
    const { cluster, config } = this.#parts;
    return new Alignment({ cluster, config, records: this.#records, pace }).check(domain);
  }

  shards(): ShardState[] {
    const { shards } = this.#parts.cluster;
    return shards.all().map((shard) => shards.stateOf(shard));
  }

  shardOf(domain: string): ShardState | undefined {
    const { cluster } = this.#parts;
    const shard = cluster.shardOf(agentsKey(domain));
    return shard && cluster.shards.stateOf(shard);
  }

  close(): Promise<void> {
    return this.#parts.close();
  }
}
