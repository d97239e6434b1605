import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalRedisCluster, type RedisClusterOptions, startRedisCluster } from '../redis/cluster.ts';
import type { Credentials } from '../tools/credentials.ts';
import type { OnProgress } from '../tools/step.ts';
import { configYaml, type Surroundings } from './config.ts';
import type { Instance } from './instance.ts';

/** One region of the local world: its Redis Cluster and its Muster instances. */
export class LocalRegion {
  readonly name: string;
  /** At least one; the first has the region's published port. */
  readonly instances: readonly [Instance, ...Instance[]];
  readonly #dir: string;
  readonly #credentials: Credentials | undefined;
  #cluster: LocalRedisCluster | undefined;

  /** @param credentials undefined if calls need no token */
  constructor(name: string, instances: [Instance, ...Instance[]], dir: string, credentials: Credentials | undefined) {
    this.name = name;
    this.instances = instances;
    this.#dir = dir;
    this.#credentials = credentials;
  }

  get instance(): Instance {
    return this.instances[0];
  }

  get url(): string {
    return this.instance.url;
  }

  /** URLs of the instances that callers are sent to. */
  urls(): string[] {
    return this.#running().map(({ url }) => url);
  }

  /** Port for other regions' connections, as a load balancer would choose it: of the first instance that runs. */
  port(): number {
    return this.#running()[0].port;
  }

  get cluster(): LocalRedisCluster {
    if (!this.#cluster) throw new Error(`the Redis Cluster of ${this.name} has not started`);
    return this.#cluster;
  }

  async startCluster(options: Pick<RedisClusterOptions, 'replicas' | 'nodeTimeoutMs'>): Promise<void> {
    this.#cluster = await startRedisCluster({ dir: join(this.#dir, `${this.name}-redis`), ...options });
  }

  async startInstances(surroundings: Surroundings, onProgress?: OnProgress): Promise<void> {
    const here = { region: this.name, redis: this.cluster.access, credentials: this.#credentials };
    for (const { configFile, name, port } of this.instances) {
      writeFileSync(configFile, configYaml({ ...here, name, port }, surroundings));
    }
    await Promise.all(this.instances.map((instance) => instance.start(onProgress)));
  }

  async stopInstances(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  async stopCluster(): Promise<void> {
    await this.#cluster?.stop();
    this.#cluster = undefined;
  }

  /** The instances that run and are in rotation; if none is, the first, which does not answer. */
  #running(): readonly [Instance, ...Instance[]] {
    const [first = this.instance, ...others] = this.instances.filter(
      ({ pid, isInRotation }) => pid !== undefined && isInRotation,
    );
    return [first, ...others];
  }
}
