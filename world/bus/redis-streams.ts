import { busRules } from '../../src/bus/redis-streams/acl.ts';
import { aclArguments, LOCAL_USER } from '../redis/access.ts';
import { withAdmin } from '../redis/admin.ts';
import { RedisServer } from '../redis/server.ts';
import { type LocalBus, PARTITIONS, TOPIC } from './bus.ts';

const ARGUMENTS = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
/** The holder of the leases of a region's readers. */
const HUNG = 'hung-consumer';

const leasesOf = (region: string): string[] =>
  Array.from({ length: PARTITIONS }, (_, partition) => `${TOPIC}:lease:${region}:${partition}`);
const instancesOf = (region: string): string => `${TOPIC}:lease:${region}:instances`;

/** One plain Redis. */
export class LocalRedisStreams implements LocalBus {
  readonly name = 'Redis Streams';
  readonly #server: RedisServer;

  constructor(dir: string, port: number) {
    this.#server = new RedisServer(dir, port, [...ARGUMENTS, ...aclArguments(busRules(TOPIC))]);
  }

  get pids(): number[] {
    const { pid } = this.#server;
    return pid === undefined ? [] : [pid];
  }

  settings(host: string): object {
    const { username, password } = LOCAL_USER;
    return { url: `redis://${username}:${password}@${host}` };
  }

  port(): number {
    return this.#server.port;
  }

  start(): Promise<void> {
    return this.#server.start();
  }

  /** Leases without an end: nothing must renew them. */
  holdReading(region: string): Promise<void> {
    return withAdmin(this.#server.port, async (redis) => {
      for (const lease of leasesOf(region)) await redis.run('SET', lease, HUNG);
      await redis.run('ZADD', instancesOf(region), 'inf', HUNG);
    });
  }

  releaseReading(region: string): Promise<void> {
    return withAdmin(this.#server.port, async (redis) => {
      await redis.run('DEL', ...leasesOf(region));
      await redis.run('ZREM', instancesOf(region), HUNG);
    });
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
