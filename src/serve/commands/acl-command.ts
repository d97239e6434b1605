import { Command } from 'commander';
import { busRules } from '../../bus/redis-streams/acl.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { clusterRules } from '../../store/redis/acl.ts';
import { complaint } from '../reports/complaint.ts';

const DEFAULT_USER = 'muster';

/** `muster acl print`: the ACL users for the Redis Cluster and, if it is a Redis, for the bus. */
export function aclCommand(): Command {
  const print = new Command('print')
    .description(
      'print the ACL users for the Redis Cluster, and for the bus if it is a Redis, with the least permissions',
    )
    .requiredOption('--config <file>', 'the YAML file that describes the region')
    .action(async ({ config }: { config: string }) => {
      process.exitCode = await run(config);
    });
  return new Command('acl').description('the ACL rules that Muster needs on Redis').addCommand(print);
}

async function run(file: string): Promise<number> {
  try {
    console.log(aclLines(await loadConfig(file)).join('\n'));
    return 0;
  } catch (error) {
    console.error(complaint('muster acl', error));
    return 1;
  }
}

/** Lines for an `aclfile`; without its first word each is an argument list of `ACL SETUSER`. Replace `PASSWORD`. */
export function aclLines({ redis, bus, region }: Pick<Config, 'redis' | 'bus' | 'region'>): string[] {
  const ofCluster = [
    `# on every node of the Redis Cluster of ${region}, which no other region uses`,
    userLine(redis.username, clusterRules()),
  ];
  if (bus.driver === 'kafka') return [...ofCluster, '# the bus is a Kafka: docs/kafka.md says what it must allow'];
  const { username } = new URL(bus.url);
  const rules = busRules(bus.topic);
  return [...ofCluster, '# on the Redis that carries the bus, for all regions', userLine(username, rules)];
}

const userLine = (name: string | undefined, rules: string[]): string =>
  `user ${name || DEFAULT_USER} on >PASSWORD resetkeys resetchannels ${rules.join(' ')}`;
