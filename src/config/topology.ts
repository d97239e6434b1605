import type { WrapUp } from '../agent/claim.ts';
import type { Profile } from '../agent/facets.ts';
import type { Config, ConnectionConfig } from './schema.ts';

/** Where an id leads, by the config alone: `{connection}:{user}` for agents, `{connection}:{queue}` for queues. */

/** The queue that every agent is in, for lookups by skill alone. */
export const GLOBAL_QUEUE = 'global';
const MAIN_DOMAIN = 'main';
const NO_WRAP_UP: WrapUp = { rule: 'none', seconds: 0 };

/** A queue that callers can ask for. */
export interface Queue {
  id: string;
  domain: string;
  wrapUp: WrapUp;
}

/** The name of the connection that an agent's or a platform queue's id names; undefined for ids of any other form. */
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

/** Every domain that records can be in: those of the config, and `main`, whether or not it is named there. */
export function domainsOf({ domains }: Config): string[] {
  return [...new Set([MAIN_DOMAIN, ...Object.keys(domains)])];
}

/**
 * The region that decides about the agent: the config alone says so, and no event does. Undefined: nothing is taken of this
 * agent, whose id names no connection.
 */
export function homeOfAgent(config: Config, agentId: string): string | undefined {
  const { accept, home } = config.agents.unknown;
  return connectionOf(config, agentId)?.home ?? (accept ? home : undefined);
}

/** Whether a platform is the source of truth for the agent: one that is read, and not told of. */
export function hasPlatform(config: Config, agentId: string): boolean {
  const { platform = 'events' } = connectionOf(config, agentId) ?? {};
  return platform !== 'events';
}

/** Why nothing is taken of an agent, and how to change that; undefined where it is taken. */
export function whyNotTaken(config: Config, agentId: string): string | undefined {
  if (homeOfAgent(config, agentId) !== undefined) return undefined;
  return 'names no connection of the config; agents of none are taken where `agents.unknown.accept` is true, in all regions';
}

/** Every queue that the agent of this profile is in, `global` and the virtual ones too; sorted, each once. */
export function queuesOf(config: Config, agentId: string, profile: Profile | undefined): string[] {
  const { queues = [], skills = {} } = profile ?? {};
  const { byQueue, bySkill } = virtualQueues(config);
  const united = queues.flatMap((id) => byQueue.get(id) ?? []);
  const skilled = (bySkill.get(connectionNameOf(config, agentId) ?? '') ?? []).flatMap(({ queue, skill, level }) => {
    return (skills[skill] ?? -1) >= level ? [queue] : [];
  });
  return [...new Set([GLOBAL_QUEUE, ...queues, ...united, ...skilled])].sort();
}

/** The queue of this id: virtual, of a known connection's platform, or `global`. */
export function findQueue({ connections, queues }: Config, queueId: string): Queue | undefined {
  const virtual = Object.hasOwn(queues, queueId) ? queues[queueId] : undefined;
  if (virtual) return { id: queueId, domain: virtual.domain, wrapUp: virtual.wrapUp };
  if (queueId === GLOBAL_QUEUE) return { id: queueId, domain: MAIN_DOMAIN, wrapUp: NO_WRAP_UP };
  const connection = connectionOf({ connections } as Config, queueId);
  return connection && { id: queueId, domain: connection.domain, wrapUp: NO_WRAP_UP };
}

interface VirtualQueues {
  /** Platform queue to the virtual queues that unite it. */
  byQueue: Map<string, string[]>;
  /** Connection to the virtual queues that unite those of its agents who have a skill. */
  bySkill: Map<string, { queue: string; skill: string; level: number }[]>;
}

/** A config never changes, and this is asked for every event. */
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
