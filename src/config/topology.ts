import type { Profile } from '../agent/facets.ts';
import type { Config, ConnectionConfig } from './schema.ts';

/** Domain, home and queues of an id, from the config alone: `{connection}:{user}` for agents, `{connection}:{queue}` for queues. */

/** The queue that every agent is in, for lookups by skill alone. */
export const GLOBAL_QUEUE = 'global';
export const MAIN_DOMAIN = 'main';

/** Name of the connection in an agent's or a platform queue's id; undefined for other ids. */
export function connectionNameOf({ connections }: Config, id: string): string | undefined {
  const colon = id.indexOf(':');
  if (colon <= 0 || colon === id.length - 1) return undefined;
  const name = id.slice(0, colon);
  return Object.hasOwn(connections, name) ? name : undefined;
}

export function connectionOf(config: Config, id: string): ConnectionConfig | undefined {
  return config.connections[connectionNameOf(config, id) ?? ''];
}

/** The domain that the agent's record and queues are kept in; `main` for agents of no connection. */
export function domainOfAgent(config: Config, agentId: string): string {
  return connectionOf(config, agentId)?.domain ?? MAIN_DOMAIN;
}

/** All domains that can have records: those of the config, and always `main`. */
export function domainsOf({ domains }: Pick<Config, 'domains'>): readonly string[] {
  const known = domainLists.get(domains);
  if (known) return known;
  const all = [...new Set([MAIN_DOMAIN, ...Object.keys(domains)])];
  domainLists.set(domains, all);
  return all;
}

/** Cached per config, which never changes: they are needed for every message. */
const domainLists = new WeakMap<Config['domains'], readonly string[]>();

/**
 * Home of the agent, from the config alone and never from an event. Undefined if the id names no connection and such agents are
 * not accepted.
 */
export function homeOfAgent(config: Config, agentId: string): string | undefined {
  const { accept, home } = config.agents.unknown;
  return connectionOf(config, agentId)?.home ?? (accept ? home : undefined);
}

/** The homes whose agents a domain can have. */
export function homesIn(config: Config, domain: string): Set<string> {
  const { connections, agents } = config;
  const homes = Object.values(connections).flatMap((each) => (each.domain === domain ? [each.home] : []));
  const { accept, home } = agents.unknown;
  return new Set(accept && home !== undefined && domain === MAIN_DOMAIN ? [...homes, home] : homes);
}

/** Whether the agent's connection reads a platform, rather than taking events only. */
export function hasPlatform(config: Config, agentId: string): boolean {
  const { platform = 'events' } = connectionOf(config, agentId) ?? {};
  return platform !== 'events';
}

/** Why the agent is not accepted, and how to change that; undefined if the agent is accepted. */
export function whyNotTaken(config: Config, agentId: string): string | undefined {
  if (homeOfAgent(config, agentId) !== undefined) return undefined;
  return 'names no connection of the config; to accept such agents set `agents.unknown.accept` to true in all regions';
}

/** All queues of an agent with this profile, including `global` and virtual queues; sorted, without duplicates. */
export function queuesOf(config: Config, agentId: string, profile: Profile | undefined): string[] {
  const { queues = [], skills = {} } = profile ?? {};
  const { byQueue, bySkill } = virtualQueues(config);
  const united = queues.flatMap((id) => byQueue.get(id) ?? []);
  const skilled = (bySkill.get(connectionNameOf(config, agentId) ?? '') ?? []).flatMap(({ queue, skill, level }) => {
    return (skills[skill] ?? -1) >= level ? [queue] : [];
  });
  return [...new Set([GLOBAL_QUEUE, ...queues, ...united, ...skilled])].sort();
}

interface VirtualQueues {
  /** Platform queue to the virtual queues that unite it. */
  byQueue: Map<string, string[]>;
  /** Connection to the virtual queues that contain its agents with a skill. */
  bySkill: Map<string, { queue: string; skill: string; level: number }[]>;
}

/** Cached per config, which never changes: it is needed for every event. */
const indexes = new WeakMap<Config, VirtualQueues>();

function virtualQueues(config: Config): VirtualQueues {
  const known = indexes.get(config);
  if (known) return known;
  const index: VirtualQueues = { byQueue: new Map(), bySkill: new Map() };
  for (const [queue, { unites, withSkill }] of Object.entries(config.queues)) {
    for (const united of unites) push(index.byQueue, united, queue);
    for (const { connection, skill, level } of withSkill) push(index.bySkill, connection, { queue, skill, level });
  }
  indexes.set(config, index);
  return index;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** Part of a region's data: a domain's agents whose messages are in one partition of the bus, `main/3`. */
export type Part = string;

export const partOf = (domain: string, partition: number): Part => `${domain}/${partition}`;

export function readPart(part: Part): { domain: string; partition: number } {
  const slash = part.lastIndexOf('/');
  return { domain: part.slice(0, slash), partition: Number(part.slice(slash + 1)) };
}
