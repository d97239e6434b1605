import { stringify } from 'yaml';
import type { Media } from '../../src/agent/facets.ts';
import type { LocalBus } from '../bus/bus.ts';
import type { LocalConnection } from '../platforms/connection.ts';
import { virtualName } from '../platforms/organisation.ts';
import { type Credentials, claimSettings } from '../tools/credentials.ts';
import { BUS, type Weather } from '../weather/weather.ts';

/** What the configurations of all instances have in common. */
export interface Surroundings {
  /** Every way out of a region goes through it. */
  weather: Weather;
  bus: LocalBus;
  regions: readonly { name: string; url: string }[];
  connections: readonly LocalConnection[];
  /** Goes into the configuration of every instance, and of every connection. */
  more: { config: object; connection: object };
}

/** One instance and what is near it. */
interface Place {
  region: string;
  /** Name of the instance. */
  name: string;
  port: number;
  /** How it reaches the region's Redis Cluster. */
  redis: object;
  /** Undefined where anybody on this machine may call. */
  credentials: Credentials | undefined;
}

/** The configuration file of one instance of the local world. */
export function configYaml(
  { region, name: instance, port, redis, credentials }: Place,
  { weather, bus, regions, connections, more }: Surroundings,
): string {
  const urlOf = (to: string) => `http://${weather.host(region, to)}`;
  const config = {
    region,
    listen: { host: '127.0.0.1', port },
    redis,
    bus: bus.settings(weather.host(region, BUS), instance),
    regions: Object.fromEntries(regions.map(({ name, url }) => [name, { url: name === region ? url : urlOf(name) }])),
    connections: Object.fromEntries(
      connections.map((connection) => [
        connection.name,
        merged(connection.settings(urlOf(connection.name)), more.connection),
      ]),
    ),
    agents: { unknown: { accept: true, home: regions[0]?.name } },
    queues: Object.fromEntries(virtualQueues(connections).map(({ name, unites }) => [name, { unites }])),
    ...claimSettings(),
  };
  const names = regions.map(({ name }) => name);
  return stringify(merged(merged(config, credentials?.settings(region, names) ?? {}), more.config));
}

/** `more` wins; objects are merged, everything else is replaced. */
export function merged(base: object, more: object): object {
  const isObject = (value: unknown): value is object =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const known = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(more)) {
    const before = known.get(name);
    known.set(name, isObject(before) && isObject(value) ? merged(before, value) : value);
  }
  return Object.fromEntries(known);
}

/** A queue of the local world's own, and the platform queues in it. */
export interface VirtualQueue {
  name: string;
  media: Media;
  unites: string[];
}

/** One for every name that the organisations share, e.g. `support` for the queues `Support` of all. */
export function virtualQueues(connections: readonly LocalConnection[]): VirtualQueue[] {
  const united = new Map<string, VirtualQueue>();
  for (const connection of connections) {
    for (const { id, name: title, media } of connection.organisation.queues) {
      const name = virtualName(title);
      const queue = united.get(name) ?? { name, media, unites: [] };
      queue.unites.push(connection.agentId(id));
      united.set(name, queue);
    }
  }
  return [...united.values()];
}
