import { createHash } from 'node:crypto';
import { type ClusterSettings, closeClient, connectCluster, type RedisClient } from '../src/store/redis/connection.ts';
import type { Script } from '../src/store/redis/scripts.ts';
import type { WriteBatcher } from '../src/store/redis/write-batcher.ts';

/** The floor of a claim: one round trip of a script that writes one key. */
const WRITE = script('write', "return redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])");
/** The floor of a lookup. */
const READ = script('read', "return redis.call('GET', KEYS[1])");

const KEYS = 1000;
const VALUE = 'x'.repeat(100);
const TTL_MS = '60000';

/** Scripts that are sent with the bare client library, set up as in Muster. */
export class Floor {
  readonly #client: RedisClient;
  #turn = 0;

  private constructor(client: RedisClient) {
    this.#client = client;
  }

  static async connect(settings: ClusterSettings): Promise<Floor> {
    const client = connectCluster(settings);
    client.on('error', () => {}); // every failure also rejects its call
    await client.connect();
    const nodes = await Promise.all(client.masters.map((master) => client.nodeClient(master)));
    await Promise.all(
      nodes.flatMap((node) => [WRITE, READ].map(({ lua }) => node.sendCommand(['SCRIPT', 'LOAD', lua]))),
    );
    return new Floor(client);
  }

  /** @param value what is written; default: 100 bytes */
  write(domain: string, value = VALUE): Promise<unknown> {
    const key = this.#key(domain);
    return this.#client.sendCommand(key, false, ['EVALSHA', WRITE.sha, '1', key, value, TTL_MS]);
  }

  read(domain: string): Promise<unknown> {
    const key = this.#key(domain);
    return this.#client.sendCommand(key, true, ['EVALSHA', READ.sha, '1', key]);
  }

  /** The same write through a write batcher: the cost of waiting for a replica, whatever the script does. */
  writeInBatch(lane: WriteBatcher, domain: string): Promise<unknown> {
    return lane.run(WRITE, [this.#key(domain)], [VALUE, TTL_MS], 5000);
  }

  /** Any command. */
  send(key: string, args: string[]): Promise<unknown> {
    return this.#client.sendCommand(key, false, args);
  }

  close(): Promise<void> {
    return closeClient(this.#client);
  }

  /** One of the keys on the domain's own master. */
  #key(domain: string): string {
    this.#turn = (this.#turn + 1) % KEYS;
    return `floor:{${domain}}:${this.#turn}`;
  }
}

function script(name: string, lua: string): Script {
  return { name, lua, sha: createHash('sha1').update(lua).digest('hex') };
}
