import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configYaml, type InstanceConfig } from './config.ts';
import type { Instance } from './instance.ts';
import { type LocalRedisCluster, startRedisCluster } from './redis/cluster.ts';

/** One region of the local world: its Redis Cluster and its Muster instances. */
export class LocalRegion {
  readonly name: string;
  /** At least one; the first is where other regions and people reach it. */
  readonly instances: readonly [Instance, ...Instance[]];
  readonly #dir: string;
  #cluster: LocalRedisCluster | undefined;

  constructor(name: string, instances: [Instance, ...Instance[]], dir: string) {
    this.name = name;
    this.instances = instances;
    this.#dir = dir;
  }

  get instance(): Instance {
    return this.instances[0];
  }

  get url(): string {
    return this.instance.url;
  }

  /** Where callers can ask now: the instances that run. */
  urls(): string[] {
    const running = this.instances.filter(({ pid }) => pid !== undefined);
    return (running.length > 0 ? running : [this.instance]).map(({ url }) => url);
  }

  get cluster(): LocalRedisCluster {
    if (!this.#cluster) throw new Error(`the Redis Cluster of ${this.name} has not started`);
    return this.#cluster;
  }

  async startCluster(replicas: boolean): Promise<void> {
    this.#cluster = await startRedisCluster({ dir: join(this.#dir, `${this.name}-redis`), replicas });
  }

  async startInstances(config: Omit<InstanceConfig, 'region' | 'port' | 'redisNodes'>): Promise<void> {
    const common = { ...config, region: this.name, redisNodes: this.cluster.addresses };
    for (const { configFile, port } of this.instances) writeFileSync(configFile, configYaml({ ...common, port }));
    await Promise.all(this.instances.map((instance) => instance.start()));
  }

  async stopInstances(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  async stopCluster(): Promise<void> {
    await this.#cluster?.stop();
    this.#cluster = undefined;
  }
}
