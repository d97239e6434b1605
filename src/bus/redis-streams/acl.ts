/**
 * The least ACL rules that instances need on the Redis that carries the bus. The tests and the local world run with these
 * rules.
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
