import type { Media } from '../../agent/facets.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { ClaimReply, ClaimRequest, Considered, FindRequest, Found, Obstacle, Queues, Tally } from '../queues.ts';
import { CLAIMED } from '../record/layout.ts';
import { agentsKey, encode, levelIn, plain, queueKey, readNoted, skillIn } from '../record/record.ts';
import type { Written } from '../written.ts';
import { type ClaimAnswer, claimsIn, type Requirements, type Wanted } from './batches.ts';
import type { Cluster } from './cluster.ts';
import type { Records } from './records.ts';
import { scripts } from './scripts.ts';
import type { WriteBatcher } from './write-batcher.ts';

/** Queues in Redis: sorted sets. Each walk is one script call; claims that wait at the same time share one. */
export class RedisQueues implements Queues {
  readonly #cluster: Cluster;
  readonly #claims: WriteBatcher;
  readonly #surplusMs: number;
  readonly #records: Records;

  /** @param surplusMs bonus for 100 levels of skill surplus, in ms */
  constructor(cluster: Cluster, claims: WriteBatcher, surplusMs: number, records: Records) {
    this.#cluster = cluster;
    this.#claims = claims;
    this.#surplusMs = surplusMs;
    this.#records = records;
  }

  async find(request: FindRequest): Promise<Found> {
    const { domain, queue, media, limit } = request;
    const keys = [queueKey(domain, queue, media), agentsKey(domain)];
    const packed = { ...requirementsOf(request), surplus_ms: this.#surplusMs, most: limit };
    const reply = await this.#cluster.run(scripts.find, keys, [JSON.stringify(packed)]);
    const [agents, clock, tally, considered] = reply as [[string, string][], string, string, string[][]];
    const records = await this.#records.join(domain, new Map([...headersIn(considered), ...agents]));
    return {
      agents: agents.map(([agentId]) => ({ agentId, record: records.get(agentId) as AgentRecord })),
      clockMs: Number(clock),
      tally: readTally(tally),
      considered: readConsidered(considered, records),
    };
  }

  async claim(request: ClaimRequest): Promise<Written<ClaimReply>> {
    const { domain, queue, media, region, deadlineMs, excluded, instead } = request;
    const wanted: Wanted = {
      ...requirementsOf(request),
      line: queueKey(domain, queue, media),
      ...{ call: encode(request.callId), name: encode(queue), wish: request.wish },
      ...{ lock_ms: request.heldMs, hold_ms: request.holdMs },
      ...(request.agentId && { only: request.agentId }),
      ...(excluded.length > 0 && { excluded: setOf(excluded) }),
      ...(instead.length > 0 && { instead: setOf(instead) }),
    };
    const written = await this.#claims.join(claimsIn(domain, region, this.#surplusMs), wanted, deadlineMs);
    // Facets are read whether or not a replica has acknowledged the claim; the answer carries its durability.
    const reply = await this.#read(domain, written.evenIfLost() as ClaimAnswer);
    return written.map(() => reply);
  }

  async #read(domain: string, { clock, answer }: ClaimAnswer): Promise<ClaimReply> {
    const [verdict, agentId, header, fence, versionBefore, tally = '', considered = [], noted] = answer;
    const headers = new Map([...headersIn(considered), ...(header === '' ? [] : [[agentId, header] as const])]);
    const records = await this.#records.join(domain, headers);
    const [record, lapsed] = [records.get(agentId), noted ? readNoted(noted) : undefined];
    return {
      ...{ verdict, agentId, fence: Number(fence), clockMs: Number(clock), versionBefore: plain(versionBefore) },
      ...(record && { record }),
      tally: readTally(tally),
      considered: readConsidered(considered, records),
      ...(lapsed && { lapsed }),
    };
  }

  async size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }> {
    const key = queueKey(domain, queue, media);
    const [inLine, all] = await Promise.all([
      this.#cluster.command(key, ['ZCOUNT', key, '-inf', `(${CLAIMED}`]),
      this.#cluster.command(key, ['ZCARD', key]),
    ]);
    return { inLine: Number(inLine), taken: Number(all) - Number(inLine) };
  }
}

/** What a request requires of an agent, as `walk.lua` reads it. */
function requirementsOf({ skills, passOver, vouched, explain }: ClaimRequest | FindRequest): Requirements {
  const levels = Object.entries(skills).map(([name, least]): [string, string] => [skillIn(name), levelIn(least)]);
  const passed = [...passOver].map(([home, why]) => [encode(home), why]);
  return {
    ...(levels.length > 0 && { skills: levels }),
    ...(passed.length > 0 && { pass_over: Object.fromEntries(passed) }),
    ...(vouched.length > 0 && { vouched: setOf(vouched) }),
    ...(explain && { explain }),
  };
}

/** A set as Lua looks it up. */
const setOf = (ids: string[]): Record<string, 1> => Object.fromEntries(ids.map((id) => [id, 1 as const]));

const headersIn = (considered: string[][]): [string, string][] =>
  considered.flatMap(([agentId = '', , header]): [string, string][] => (header ? [[agentId, header]] : []));

function readTally(text: string): Tally {
  const words = text.split(' ');
  const tally: Tally = { seen: 0 };
  for (let i = 0; i + 1 < words.length; i += 2) tally[words[i] as Obstacle] = Number(words[i + 1]);
  return tally;
}

function readConsidered(considered: string[][], records: ReadonlyMap<string, AgentRecord>): Considered[] {
  return considered.map(([agentId = '', obstacle]) => {
    const record = records.get(agentId);
    return { agentId, ...(obstacle && { obstacle: obstacle as Obstacle }), ...(record && { record }) };
  });
}
