/**
 * The rules of the ACL user that every region's instances are in the Redis that carries the bus: the least they can work
 * with. The tests and the local world run under them.
 */
export function busRules(topic: string): string[] {
  const keys = [`${topic}:*`, `${topic}.dlq`];
  return ['-@all', ...COMMANDS.map((name) => `+${name}`), ...keys.map((key) => `~${key}`)];
}

const COMMANDS = [
  ...['get', 'set', 'del', 'pexpire', 'time'],
  ...['hget', 'hset', 'hexists', 'hgetall'],
  ...['zadd', 'zrem', 'zcard', 'zremrangebyscore'],
  ...['xadd', 'xread', 'xrange', 'xlen', 'xtrim', 'xdel'],
  ...['evalsha', 'eval', 'ping'],
];
