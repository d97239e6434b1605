import {
  agentsKey,
  answerKey,
  BEAT_KEY,
  budgetKeys,
  callsKey,
  changesKey,
  commonSkillsKey,
  connectionKey,
  domainKey,
  endsKey,
  facetsKey,
  holdersKey,
  instanceKey,
  LEASES,
  OWNER_KEY,
  positionsKey,
  probeKey,
  queueKey,
  RELAY_CHANNEL,
  regionKey,
  rosterKey,
  storeKey,
} from '../record/record.ts';

/**
 * The least ACL rules that instances need on the region's Redis Cluster. The tests and the local world run with these rules.
 * Redis checks the commands of scripts, too.
 */
export function clusterRules(): string[] {
  const keys = [
    ...[
      agentsKey,
      answerKey,
      callsKey,
      changesKey,
      endsKey,
      facetsKey,
      commonSkillsKey,
      rosterKey,
      storeKey,
      regionKey,
      positionsKey,
      domainKey,
      connectionKey,
      instanceKey,
    ].map((key) => key('*')),
    holdersKey('*', '*'),
    queueKey('*', '*'),
    queueKey('*', '*', '*' as 'voice'),
    probeKey(0).replace('0', '*'),
    ...budgetKeys('*'),
    ...Object.values(LEASES).map((prefix) => `${prefix}*`),
    BEAT_KEY,
    OWNER_KEY,
  ];
  return ['-@all', ...COMMANDS.map((name) => `+${name}`), ...keys.map((key) => `~${key}`), `&${RELAY_CHANNEL}`];
}

/** Commands for data, for scripts, and for a cluster client. */
const COMMANDS = [
  ...['get', 'set', 'del', 'exists', 'mget', 'pttl', 'pexpire', 'time'],
  ...['hget', 'hset', 'hdel', 'hmget', 'hgetall', 'hexists', 'hscan', 'hincrby'],
  ...['zadd', 'zrem', 'zscore', 'zmscore', 'zcard', 'zcount', 'zrange', 'zrangebylex', 'zremrangebyscore', 'zscan'],
  ...['zrank', 'sadd', 'srem', 'scard', 'sismember', 'smismember', 'smembers'],
  ...['xadd', 'xdel', 'xtrim', 'xlen', 'xrange', 'xrevrange'],
  ...['evalsha', 'eval', 'script|load', 'wait', 'publish', 'subscribe', 'unsubscribe'],
  ...['ping', 'hello', 'role', 'asking', 'scan', 'cluster|slots'],
];
