import { type AdminConnection, withAdmin } from '../../world/redis/admin.ts';
import type { LocalRedisCluster } from '../../world/redis/cluster.ts';
import type { RedisServer } from '../../world/redis/server.ts';
import { PARTITIONS, TOPIC } from './regions.ts';

/*
 * What lies in the Redis of a region and on the bus, read with plain commands and parsed here: the judge shares no code with the
 * store that it judges.
 */

/** A header, by the places that `layout.ts` documents. Times are ms by the shard's clock, versions µs. */
export interface Header {
  version: number;
  facetsVersion: number;
  voice: string;
  takenUntil: number;
  lock: number;
  fence: number;
  until: number;
  arrival: number;
  /** A letter: `-`, H, C, W, E. */
  state: string;
  home: string;
  by: string;
  call: string;
  queue: string;
  reason: string;
}

interface Versioned {
  at: number;
  id: string;
}

/** The facets of the agents of this proof. */
export interface StoredFacets {
  profile?: Versioned & { queues: string[] };
  presence?: Versioned & { state: string };
  [name: string]: unknown;
}

/** An entry of the change stream. */
export interface Change {
  position: string;
  agent: string;
  claim?: string;
  /** The message to publish, as text. */
  message?: string;
  /** It is this region's to publish. */
  isOurs: boolean;
}

export interface Store {
  agents: Map<string, Header>;
  facets: Map<string, StoredFacets>;
  /** Scores by agent, by queue. */
  queues: Map<string, Map<string, number>>;
  changes: Change[];
  /** Agent and fence, by call. */
  calls: Map<string, string>;
  ends: Map<string, number>;
  roster: Set<string>;
  /** How far the change stream is published. */
  outbox: { id: string; published: string; passed: number; trimmed: number };
  /** Of the other region: applied positions and heartbeats, by partition. */
  positions: Map<number, string>;
  beats: Map<number, number>;
  nowMs: number;
}

export interface Message {
  id: string;
  key: string;
  type: string;
  /** Region, store and position that it was published from. */
  origin: { region: string; storeId: string; position: string } | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: messages of every kind
  value: any;
}

export interface OnBus {
  /** By partition, in order. */
  messages: Message[][];
  /** Up to where a region has read, by partition. */
  read(region: string, partition: number): string;
}

/** Reads a region's store. What could promise too much is read first, so that what happens meanwhile looks like no fault. */
export async function readStore(cluster: LocalRedisCluster, other: string): Promise<Store> {
  const { port } = await cluster.masterOf('agents:{main}');
  return withAdmin(port, async (redis) => {
    const positions = mapOf(await redis.run('HGETALL', `positions:{${other}}`));
    const marks = mapOf(await redis.run('HGETALL', `region:{${other}}`));
    const queueKeys = (await redis.run('KEYS', 'queue*:{main}:*')) as string[];
    const keys = ['agents', 'facets', 'calls', 'store'].map((name) => ['HGETALL', `${name}:{main}`]);
    const sets = [...queueKeys, 'ends:{main}', 'roster:{main}'].map((key) => ['ZRANGE', key, '0', '-1', 'WITHSCORES']);
    const [[agents, facets, calls, store, changes], scored, time] = await atOnce(redis, keys, sets);
    const scores = (scored as unknown[]).map(scoresOf);
    const outbox = mapOf(store);
    return {
      agents: mapValues(mapOf(agents), parseHeader),
      facets: mapValues(mapOf(facets), (text) => JSON.parse(text) as StoredFacets),
      calls: mapValues(mapOf(calls), (text) => text.split(' ').slice(1, 3).join(' ')),
      queues: new Map(queueKeys.map((key, i) => [key, scores[i] as Map<string, number>])),
      ends: scores.at(-2) as Map<string, number>,
      roster: new Set(scores.at(-1)?.keys()),
      changes: (changes as [string, string[]][]).map(changeOf),
      outbox: {
        id: outbox.get('id') ?? '',
        published: outbox.get('published') ?? '0-0',
        passed: Number(outbox.get('passed') ?? 0),
        trimmed: Number(outbox.get('trimmed') ?? 0),
      },
      positions: byPartition(positions, (text) => text),
      beats: byPartition(marks, (text) => Number(text.split(' ')[0])),
      nowMs: Number((time as string[])[0]) * 1000,
    };
  });
}

/** Everything of the domain, as it is at one moment. */
async function atOnce(
  redis: AdminConnection,
  hashes: string[][],
  sets: string[][],
): Promise<[unknown[], unknown[], unknown]> {
  const stream = ['XRANGE', 'changes:{main}', '-', '+'];
  await redis.run('MULTI');
  for (const command of [...hashes, stream, ...sets]) await redis.run(...command);
  const replies = (await redis.run('EXEC')) as unknown[];
  return [replies.slice(0, hashes.length + 1), replies.slice(hashes.length + 1), await redis.run('TIME')];
}

/** Reads the bus again and again. Nothing is trimmed there, so it reads only what it has not read. */
export class BusReader {
  readonly #messages: Message[][] = Array.from({ length: PARTITIONS }, () => []);

  async read({ port }: RedisServer): Promise<OnBus> {
    const progress: Map<string, string>[] = [];
    await withAdmin(port, async (redis) => {
      for (const partition of this.#messages.keys()) {
        progress.push(mapOf(await redis.run('HGETALL', `${TOPIC}:${partition}:progress`)));
      }
      for (const [partition, known] of this.#messages.entries()) {
        const from = known.length > 0 ? `(${known.at(-1)?.id}` : '-';
        const entries = (await redis.run('XRANGE', `${TOPIC}:${partition}`, from, '+')) as [string, string[]][];
        for (const entry of entries) known.push(messageOf(entry));
      }
    });
    const messages = this.#messages.map((each) => [...each]);
    return { messages, read: (region, partition) => progress[partition]?.get(`read:${region}`) ?? '0-0' };
  }
}

function parseHeader(text: string): Header {
  const number = (from: number, to: number): number => Number(text.slice(from, to));
  const [ofAgent = '', ofClaim = ''] = text.slice(116).split('\n');
  const [by = '', call = '', queue = '', reason = ''] = ofClaim.split(' ');
  const lock = number(34, 47);
  return {
    ...{ version: number(1, 17), facetsVersion: number(17, 33), voice: text[33] ?? '', lock },
    ...{ takenUntil: Math.max(lock, number(47, 60)), fence: number(60, 76), until: number(76, 89) },
    ...{ arrival: number(102, 115), state: text[115] ?? '', home: ofAgent.split(' ')[0] ?? '' },
    ...{ by, call: decodeURIComponent(call), queue: decodeURIComponent(queue), reason },
  };
}

function changeOf([position, list]: [string, string[]]): Change {
  const fields = mapOf(list);
  const [claim, message] = [fields.get('c'), fields.get('m')];
  return {
    ...{ position, agent: fields.get('a') ?? '', isOurs: message !== undefined || fields.get('o') === '1' },
    ...(claim !== undefined && { claim }),
    ...(message !== undefined && { message }),
  };
}

function messageOf([id, list]: [string, string[]]): Message {
  const fields = mapOf(list);
  const headers = JSON.parse(fields.get('headers') ?? '{}') as Record<string, string>;
  const [position = '', storeId = '', , region = ''] = headers.muster_origin?.split(' ') ?? [];
  const origin = region ? { region, storeId, position } : undefined;
  const value: unknown = JSON.parse(fields.get('value') ?? 'null');
  return { id, key: fields.get('key') ?? '', type: headers.ce_type ?? '', origin, value };
}

/** A hash or the fields of an entry, in either form of the protocol. */
function mapOf(reply: unknown): Map<string, string> {
  if (!Array.isArray(reply)) return new Map(Object.entries((reply ?? {}) as Record<string, string>));
  const map = new Map<string, string>();
  for (let i = 0; i + 1 < reply.length; i += 2) map.set(String(reply[i]), String(reply[i + 1]));
  return map;
}

function scoresOf(reply: unknown): Map<string, number> {
  const flat = (reply as unknown[]).flat();
  return mapValues(mapOf(flat), Number);
}

const mapValues = <From, To>(map: Map<string, From>, change: (value: From) => To): Map<string, To> =>
  new Map([...map].map(([key, value]) => [key, change(value)]));

const byPartition = <To>(map: Map<string, string>, change: (text: string) => To): Map<number, To> =>
  new Map([...map].map(([part, text]) => [Number(part.split('/')[1]), change(text)]));

/** Orders positions of streams. */
export function comparePositions(a: string, b: string): number {
  const [[aMs = 0, aN = 0], [bMs = 0, bN = 0]] = [a, b].map((position) => position.split('-').map(Number)) as [
    number[],
    number[],
  ];
  return aMs - bMs || aN - bN;
}
