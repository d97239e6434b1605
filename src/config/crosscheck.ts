import { pollsPerMinute, syncShare } from '../platforms/cxone/settings.ts';
import { checkAuth } from './auth-check.ts';
import { isLoopback } from './loopback.ts';
import { inside, mustBeKnown, type Problem } from './problems.ts';
import type { Config, ConnectionConfig } from './schema.ts';
import { GLOBAL_QUEUE } from './topology.ts';

const REDIS_PORT = '6379';

interface CrossCheck {
  /** The sections that it reads: each must fit the schema. */
  reads: (keyof Config)[];
  /** Those of which it needs to know the names, or passes over what does not fit. */
  knows?: ('regions' | 'domains' | 'connections' | 'queues')[];
  check: (config: Config) => Problem[];
}

const CHECKS: CrossCheck[] = [
  { reads: ['region'], knows: ['regions'], check: checkRegion },
  { reads: ['regions'], check: checkRegions },
  { reads: ['redis', 'bus'], check: checkRedis },
  { reads: ['redis'], check: ({ redis }) => checkTls('redis.tls', redis.tls) },
  { reads: ['redis', 'claims'], check: checkReplication },
  { reads: ['bus'], check: checkBus },
  { reads: [], knows: ['regions', 'domains', 'connections'], check: ofEach('connections', checkConnection) },
  { reads: ['agents'], knows: ['regions'], check: checkAgents },
  { reads: [], knows: ['domains', 'connections', 'queues'], check: ofEach('queues', checkQueue) },
  { reads: ['freshness'], check: checkFreshness },
  { reads: ['auth', 'region', 'regions'], check: checkAuth },
  { reads: ['auth', 'claims'], check: checkClaimKeys },
  { reads: ['auth', 'listen'], check: checkListen },
];

/**
 * What no schema can say: names that must lead somewhere, and values that must agree with each other. A file that does not fit
 * the schema is checked as far as it does, so that everything wrong with it is told at once.
 * @param given checked against the schema; sections that do not fit may hold anything
 * @param fits whether the section at a path fits the schema
 */
export function crossCheck(given: Config, fits: (section: string) => boolean): Problem[] {
  const { connections, queues } = given;
  const config: Config = {
    ...given,
    connections: onlyFitting(connections, 'connections', fits),
    queues: onlyFitting(queues, 'queues', fits),
  };
  return CHECKS.flatMap(({ reads, knows = [], check }) => {
    const isKnown = knows.every((section) => given[section] !== undefined);
    return isKnown && reads.every(fits) ? check(config) : [];
  });
}

/** A section by name, with nothing under the names of entries that do not fit: the names are known all the same. */
function onlyFitting<T>(entries: Record<string, T>, section: string, fits: (section: string) => boolean) {
  const all = Object.entries(entries ?? {});
  const fitting = all.map(([name, entry]) => [name, fits(inside(section, name)) ? entry : undefined]);
  return Object.fromEntries(fitting) as Record<string, T>;
}

function ofEach(
  section: 'connections' | 'queues',
  check: (config: Config, name: string) => Problem[],
): (config: Config) => Problem[] {
  return (config) => Object.keys(config[section]).flatMap((name) => check(config, name));
}

/** Who is let in by nobody's word must be on this machine. */
function checkListen({ auth, listen: { host } }: Config): Problem[] {
  if (auth || isLoopback(host)) return [];
  const message = `is ${host}, and there is no \`auth\`: anybody who reaches it could claim agents; configure \`auth\` (docs/security.md), or listen on 127.0.0.1`;
  return [{ path: 'listen.host', message }];
}

function checkRegion({ region, regions }: Config): Problem[] {
  return mustBeKnown('region', region, 'region', regions);
}

function checkRegions({ regions }: Config): Problem[] {
  const problems: Problem[] = [];
  const nameByUrl = new Map<string, string>();
  for (const [name, { url }] of Object.entries(regions)) {
    const path = `${inside('regions', name)}.url`;
    const other = nameByUrl.get(url);
    if (!URL.canParse(url)) problems.push({ path, message: `is ${url}, which is not a valid URL` });
    if (name === '-')
      problems.push({
        path: inside('regions', name),
        message: 'is reserved: records use it for "no region"',
      });
    if (other) problems.push({ path, message: `is also the URL of the region "${other}"` });
    else nameByUrl.set(url, name);
  }
  return problems;
}

function checkRedis({ redis, bus }: Config): Problem[] {
  const problems: Problem[] = [];
  const busAddress = bus.driver === 'redis-streams' ? addressOf(bus.url) : undefined;
  for (const [at, node] of redis.nodes.entries()) {
    const path = inside('redis.nodes', at);
    if (!URL.canParse(`redis://${node}`)) problems.push({ path, message: `is ${node}, which is not a valid address` });
    if (redis.nodes.indexOf(node) !== at) problems.push({ path, message: `repeats ${node}` });
    if (node === busAddress) problems.push({ path, message: 'is the Redis of the bus, which must be a separate one' });
  }
  return problems;
}

/** Without replicas nothing can be acknowledged by one. */
function checkReplication({ redis, claims }: Config): Problem[] {
  if (redis.replicas > 0 || claims.replication !== 'refuse') return [];
  return [{ path: 'claims.replication', message: 'is refuse, and redis.replicas is 0: every claim would be refused' }];
}

function addressOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || REDIS_PORT}`;
}

function checkBus({ bus }: Config): Problem[] {
  const tls = checkTls('bus.tls', bus.tls);
  if (bus.driver === 'kafka') return [...tls, ...checkBrokers(bus), ...checkToken(bus), ...checkExtensions(bus)];
  if (!URL.canParse(bus.url)) return [{ path: 'bus.url', message: 'is not a URL' }];
  if (bus.tls && !bus.url.startsWith('rediss:'))
    return [{ path: 'bus.tls', message: 'has no effect with redis://; write rediss:// in bus.url' }];
  return tls;
}

type KafkaConfig = Extract<Config['bus'], { driver: 'kafka' }>;

function checkBrokers({ brokers }: KafkaConfig): Problem[] {
  return brokers.flatMap((broker, at) =>
    URL.canParse(`kafka://${broker}`)
      ? []
      : [{ path: inside('bus.brokers', at), message: `is ${broker}, which is not a valid address` }],
  );
}

function checkTls(path: string, tls: Config['redis']['tls']): Problem[] {
  if (!tls || (tls.certFile === undefined) === (tls.keyFile === undefined)) return [];
  return [{ path, message: 'has one of certFile and keyFile, which only work together' }];
}

/** A token needs exactly one source. */
function checkToken({ sasl }: KafkaConfig): Problem[] {
  if (sasl?.mechanism !== 'OAUTHBEARER') return [];
  const { tokenUrl, tokenFile, clientId, clientSecret } = sasl;
  if ((tokenUrl === undefined) === (tokenFile === undefined))
    return [{ path: 'bus.sasl', message: 'needs either tokenUrl or tokenFile' }];
  if (tokenUrl && (!clientId || !clientSecret))
    return [{ path: 'bus.sasl', message: 'has a tokenUrl, and needs clientId and clientSecret for it' }];
  return [];
}

function checkExtensions({ sasl }: KafkaConfig): Problem[] {
  if (sasl?.mechanism !== 'OAUTHBEARER') return [];
  const wrong = Object.keys(sasl.extensions ?? {}).filter((name) => !/^[A-Za-z]+$/.test(name) || name === 'auth');
  return wrong.map((name) => ({
    path: inside('bus.sasl.extensions', name),
    message: 'is not a valid extension name: letters only, and not auth',
  }));
}

function checkConnection({ connections, regions, domains }: Config, name: string): Problem[] {
  const path = inside('connections', name);
  const connection = connections[name];
  if (!connection) return [];
  return [
    ...mustBeKnown(`${path}.home`, connection.home, 'region', regions),
    ...mustBeKnown(`${path}.domain`, connection.domain, 'domain', domains),
    ...checkPolls(path, connection),
    ...checkLogin(path, connection),
  ];
}

/** The login needs either an application or `accessKeyUrl`. */
function checkLogin(path: string, connection: ConnectionConfig): Problem[] {
  if (connection.platform !== 'cxone') return [];
  const { clientId, clientSecret, accessKeyUrl } = connection;
  const given = [clientId, clientSecret].filter((one) => one !== undefined).length;
  if (given === (accessKeyUrl === undefined ? 2 : 0)) return [];
  const message = 'needs either clientId and clientSecret, or accessKeyUrl';
  return [{ path, message }];
}

/** Polling must fit into the connection's request budget, with a share left for full reads. */
function checkPolls(path: string, connection: ConnectionConfig): Problem[] {
  if (connection.platform !== 'cxone') return [];
  const wanted = pollsPerMinute(connection);
  const most = Math.floor(syncShare(connection) * (2 / 3));
  if (wanted <= most) return [];
  const message = `is ${connection.pollIntervalMs}, which takes ${wanted} requests a minute; requestsPerMinute leaves ${most} for it`;
  return [{ path: `${path}.pollIntervalMs`, message }];
}

function checkQueue(config: Config, name: string): Problem[] {
  const path = inside('queues', name);
  const queue = config.queues[name];
  if (!queue) return [];
  const problems = mustBeKnown(`${path}.domain`, queue.domain, 'domain', config.domains);
  if (name === GLOBAL_QUEUE) problems.push({ path, message: 'is reserved: every agent is in this queue' });
  if (queue.wrapUp.rule === 'timed' && queue.wrapUp.seconds === 0)
    problems.push({ path: `${path}.wrapUp.seconds`, message: 'is 0, expected how long a timed wrap-up lasts' });
  for (const [at, united] of queue.unites.entries()) {
    const place = inside(`${path}.unites`, at);
    if (queue.unites.indexOf(united) !== at) problems.push({ path: place, message: `repeats ${united}` });
    problems.push(...checkUnited(config, place, united.split(':', 1)[0] ?? '', queue.domain));
  }
  for (const [at, { connection }] of queue.withSkill.entries()) {
    problems.push(...checkUnited(config, inside(`${path}.withSkill`, at), connection, queue.domain));
  }
  if (queue.unites.length + queue.withSkill.length === 0)
    problems.push({ path, message: 'unites nothing, expected platform queues or agents with a skill' });
  return problems;
}

function checkUnited({ connections }: Config, path: string, name: string, domain: string): Problem[] {
  const connection = Object.hasOwn(connections, name) ? connections[name] : undefined;
  if (!connection) return mustBeKnown(path, name, 'connection', connections);
  if (connection.domain === domain) return [];
  const message = `belongs to the domain "${connection.domain}", the queue to "${domain}"; they must be one`;
  return [{ path, message }];
}

/** If agents of no connection are accepted, their home must be a known region. */
function checkAgents({ agents: { unknown }, regions }: Config): Problem[] {
  const { accept, home } = unknown;
  const path = 'agents.unknown.home';
  if (home !== undefined) return mustBeKnown(path, home, 'region', regions);
  return accept
    ? [{ path, message: 'is missing, expected the region that is the home of agents of no connection' }]
    : [];
}

function checkFreshness({ freshness: { heartbeatMs, suspectMs, staleMs } }: Config): Problem[] {
  const problems: Problem[] = [];
  if (suspectMs <= heartbeatMs)
    problems.push({
      path: 'freshness.suspectMs',
      message: `is ${suspectMs}, expected more than heartbeatMs (${heartbeatMs})`,
    });
  if (staleMs <= suspectMs)
    problems.push({ path: 'freshness.staleMs', message: `is ${staleMs}, expected more than suspectMs (${suspectMs})` });
  return problems;
}

const CLAIM_KEYS_HINT = 'the same in all regions, e.g. made by `openssl rand -base64 32`';

/** With `auth` a secret is required: anyone who can sign ids can forge claims. */
function checkClaimKeys({ auth, claims: { keys } }: Config): Problem[] {
  if (!keys)
    return auth ? [{ path: 'claims.keys', message: `is missing, expected a list of secrets, ${CLAIM_KEYS_HINT}` }] : [];
  return keys.flatMap((key, at) => {
    const first = keys.indexOf(key);
    return first === at
      ? []
      : [{ path: inside('claims.keys', at), message: `repeats ${inside('claims.keys', first)}` }];
  });
}
