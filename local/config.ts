import { stringify } from 'yaml';
import type { LocalConnection } from './connection.ts';

export interface InstanceConfig {
  region: string;
  port: number;
  /** `host:port` of the region's Redis nodes. */
  redisNodes: string[];
  busUrl: string;
  /** URL by region. */
  regions: Record<string, string>;
  connections: readonly LocalConnection[];
}

/** The configuration file of one instance of the local world. */
export function configYaml({ region, port, redisNodes, busUrl, regions, connections }: InstanceConfig): string {
  return stringify({
    region,
    listen: { host: '127.0.0.1', port },
    redis: { nodes: redisNodes },
    bus: { url: busUrl },
    regions: Object.fromEntries(Object.entries(regions).map(([name, url]) => [name, { url }])),
    connections: Object.fromEntries(connections.map((connection) => [connection.name, genesys(connection)])),
    queues: Object.fromEntries([...virtualQueues(connections)].map(([name, unites]) => [name, { unites }])),
  });
}

function genesys({ home, simulator: { url, credentials } }: LocalConnection): object {
  return { platform: 'genesys', home, loginUrl: url, apiUrl: url, ...credentials };
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
