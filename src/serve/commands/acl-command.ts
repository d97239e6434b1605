import { Command } from 'commander';
import { busRules } from '../../bus/redis-streams/acl.ts';
import { loadConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { clusterRules } from '../../store/redis/acl.ts';
import { complaint } from '../reports/complaint.ts';

const USUAL_USER = 'muster';

/** `muster acl print`: what the users need to be allowed that a region's instances are at its Redis and at the bus. */
export function aclCommand(): Command {
  const print = new Command('print')
    .description('print the users of the Redis Cluster, and of the bus if that is a Redis, with no more than they need')
    .requiredOption('--config <file>', 'the YAML file that describes the region')
    .action(async ({ config }: { config: string }) => {
      process.exitCode = await run(config);
    });
  return new Command('acl').description('the access lists of Redis that Muster works under').addCommand(print);
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

/** Lines for an `aclfile`; each is also what `ACL SETUSER` takes, without the first word. Passwords are left to be filled in. */
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
  `user ${name || USUAL_USER} on >PASSWORD resetkeys resetchannels ${rules.join(' ')}`;
