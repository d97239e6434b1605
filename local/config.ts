import { stringify } from 'yaml';
import type { LocalConnection } from './connection.ts';
import { BUS, type Weather } from './weather/weather.ts';

/** What the configurations of all instances have in common. */
export interface Surroundings {
  /** Every way out of a region goes through it. */
  weather: Weather;
  regions: readonly { name: string; url: string }[];
  connections: readonly LocalConnection[];
  /** Goes into the configuration of every instance, and of every connection. */
  more: { config: object; connection: object };
}

/**
 * Of a region to an organisation. The simulators would take more; the judge of a history allows a token 300, and some
 * that went out in one minute arrive in another.
 */
const REQUESTS_PER_MINUTE = 280;

/** One instance and what is near it. */
export interface Place {
  region: string;
  port: number;
  /** `host:port` of the region's Redis nodes. */
  redisNodes: string[];
}

/** The configuration file of one instance of the local world. */
export function configYaml(
  { region, port, redisNodes }: Place,
  { weather, regions, connections, more }: Surroundings,
): string {
  const urlOf = (to: string) => `http://${weather.host(region, to)}`;
  const config = {
    region,
    listen: { host: '127.0.0.1', port },
    redis: { nodes: redisNodes },
    bus: { url: `redis://${weather.host(region, BUS)}` },
    regions: Object.fromEntries(regions.map(({ name, url }) => [name, { url: name === region ? url : urlOf(name) }])),
    connections: Object.fromEntries(
      connections.map((connection) => [
        connection.name,
        merged(genesys(connection, urlOf(connection.name)), more.connection),
      ]),
    ),
    queues: Object.fromEntries([...virtualQueues(connections)].map(([name, unites]) => [name, { unites }])),
  };
  return stringify(merged(config, more.config));
}

function genesys({ home, simulator: { credentials } }: LocalConnection, url: string): object {
  const requestsPerMinute = REQUESTS_PER_MINUTE;
  return { platform: 'genesys', home, loginUrl: url, apiUrl: url, requestsPerMinute, ...credentials };
}

/** `more` wins; objects are merged, everything else is replaced. */
function merged(base: object, more: object): object {
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const known = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(more)) {
    const before = known.get(name);
    known.set(name, isObject(before) && isObject(value) ? merged(before, value) : value);
  }
  return Object.fromEntries(known);
}

/** One virtual queue for every name that the organisations share, e.g. `support` for the queues `Support` of all. */
export function virtualQueues(connections: readonly LocalConnection[]): Map<string, string[]> {
  const united = new Map<string, string[]>();
  for (const connection of connections) {
    for (const [name, id] of connection.organisation.queues) {
      const key = name.toLowerCase().replaceAll(' ', '-');
      united.set(key, [...(united.get(key) ?? []), connection.agentId(id)]);
    }
  }
  return united;
}
