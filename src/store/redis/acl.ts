import {
  agentsKey,
  answerKey,
  BEAT_KEY,
  budgetKeys,
  callsKey,
  changesKey,
  connectionKey,
  domainKey,
  endsKey,
  LEASES,
  OWNER_KEY,
  outboxKey,
  positionsKey,
  probeKey,
  queueKey,
  RELAY_CHANNEL,
  regionKey,
  rosterKey,
} from '../record/record.ts';

/**
 * The rules of the ACL user that a region's instances are in its Redis Cluster: the least they can work with. The tests
 * and the local world run under them. Scripts count: what they call is checked as if it had been sent.
 */
export function clusterRules(): string[] {
  const keys = [
    ...[
      agentsKey,
      answerKey,
      callsKey,
      changesKey,
      endsKey,
      rosterKey,
      regionKey,
      positionsKey,
      domainKey,
      connectionKey,
    ].map((key) => key('*')),
    queueKey('*', '*'),
    queueKey('*', '*', '*' as 'voice'),
    outboxKey(0).replace('0', '*'),
    probeKey(0).replace('0', '*'),
    ...budgetKeys('*'),
    ...Object.values(LEASES).map((prefix) => `${prefix}*`),
    BEAT_KEY,
    OWNER_KEY,
  ];
  return ['-@all', ...COMMANDS.map((name) => `+${name}`), ...keys.map((key) => `~${key}`), `&${RELAY_CHANNEL}`];
}

/** Those of the data, of scripts, and of being a client of a cluster. */
const COMMANDS = [
  ...['get', 'set', 'del', 'exists', 'mget', 'pttl', 'pexpire', 'time'],
  ...['hget', 'hset', 'hdel', 'hmget', 'hgetall', 'hexists', 'hrandfield', 'hscan'],
  ...['zadd', 'zrem', 'zscore', 'zmscore', 'zcard', 'zcount', 'zrange', 'zrangebylex', 'zremrangebyscore', 'zscan'],
  ...['xadd', 'xdel', 'xlen', 'xrange', 'xrevrange'],
  ...['evalsha', 'eval', 'script|load', 'wait', 'publish', 'subscribe', 'unsubscribe'],
  ...['ping', 'hello', 'role', 'asking', 'scan', 'cluster|slots'],
];
