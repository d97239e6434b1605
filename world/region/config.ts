import { stringify } from 'yaml';
import type { Media } from '../../src/agent/facets.ts';
import type { LocalBus } from '../bus/bus.ts';
import type { LocalConnection } from '../platforms/connection.ts';
import { virtualName } from '../platforms/organisation.ts';
import { type Credentials, claimSettings } from '../tools/credentials.ts';
import { BUS, type Weather } from '../weather/weather.ts';

/** The common parts of all instances' configurations. */
export interface Surroundings {
  /** All connections out of a region go through it. */
  weather: Weather;
  bus: LocalBus;
  regions: readonly { name: string; url: string }[];
  connections: readonly LocalConnection[];
  /** Merged into the configuration of every instance, and of every connection. */
  more: { config: object; connection: object };
}

/** One instance and its surroundings. */
interface Place {
  region: string;
  /** Name of the instance. */
  name: string;
  port: number;
  /** The section `redis` for the region's cluster. */
  redis: object;
  /** Undefined if calls need no token. */
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

/** Merges objects deeply; other values of `more` replace those of `base`. */
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

/** A virtual queue of the local world, and the platform queues in it. */
export interface VirtualQueue {
  name: string;
  media: Media;
  unites: string[];
}

/** One virtual queue per queue name, e.g. `support` for the queues `Support` of all organisations. */
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
