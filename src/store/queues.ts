import type { Claim, Media } from '../agent/facets.ts';
import type { RequiredSkills } from '../agent/ranking.ts';
import { agentsKey, callsKey, changesKey, endsKey, queueKey } from './record/keys.ts';
import { encode, readNoted, writeSkills } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';
import { scripts } from './redis/scripts.ts';
import type { WriteBatcher } from './redis/write-batcher.ts';
import type { Written } from './written.ts';

/** Why an agent was passed over. `stale`, `budget` and `unreachable` are said of its home. */
export type Obstacle = 'busy' | 'claimed' | 'held' | 'skill' | 'stale' | 'budget' | 'unreachable';

/** Homes whose agents cannot be taken now, and why. */
export type PassOver = Map<string, Extract<Obstacle, 'stale' | 'budget' | 'unreachable'>>;

/** How many records a walk looked at, and how many it passed over for what. */
export type Tally = { seen: number } & Partial<Record<Obstacle, number>>;

export interface Considered {
  agentId: string;
  /** Absent for an agent who could be taken. */
  obstacle?: Obstacle;
  line: string;
}

interface Walk {
  domain: string;
  queue: string;
  /** Of the interaction that an agent is wanted for. */
  media: Media;
  skills: RequiredSkills;
  passOver: PassOver;
  /** Agents not to be passed over for their home, because the platform has vouched for them. */
  vouched: string[];
  explain: boolean;
}

interface FindRequest extends Walk {
  limit: number;
}

export interface ClaimRequest extends Walk {
  region: string;
  callId: string;
  /** What the caller asked for, in one word: a retry is the same wish. */
  wish: string;
  heldMs: number;
  holdMs: number;
  /** Agents not to be taken, because their home has just refused them. */
  refused: string[];
  /** Those of the vouched who may be granted here though their home is elsewhere. */
  instead: string[];
  /** Only this agent will do. */
  agentId?: string | undefined;
  deadlineMs: number;
}

interface WalkReply {
  /** The shard's clock, ms: what locks are judged by. */
  clockMs: number;
  tally: Tally;
  considered: Considered[];
}

export interface Found extends WalkReply {
  agents: { agentId: string; line: string }[];
}

export interface ClaimReply extends WalkReply {
  /** As `claim.lua` has them. */
  verdict: 'granted' | 'again' | 'other' | 'copy' | 'copy_other' | 'ask' | 'none';
  /** Empty for `none`. */
  agentId: string;
  line: string;
  /** Of the claim that was granted, or that the call has; else 0. */
  fence: number;
  /** Of the record that was written over; `0` where none was. */
  versionBefore: string;
  /** The claim of this region that had the unit: its time was over, and nobody had ended it yet. */
  lapsed?: Claim;
}

/** The queues of the region's store: each walk is one command. */
export class Queues {
  readonly #cluster: Cluster;
  readonly #claims: WriteBatcher;
  readonly #surplusMs: string;

  /** @param surplusMs what 100 levels of skill surplus are worth, in ms of waiting */
  constructor(cluster: Cluster, claims: WriteBatcher, surplusMs: number) {
    this.#cluster = cluster;
    this.#claims = claims;
    this.#surplusMs = String(surplusMs);
  }

  /** The best agents of a queue, changing nothing. @throws ShardUnavailable */
  async find({ domain, queue, media, skills, passOver, vouched, explain, limit }: FindRequest): Promise<Found> {
    const reply = await this.#cluster.run(
      scripts.find,
      [queueKey(domain, queue, media), agentsKey(domain)],
      [
        writeSkills(skills),
        this.#surplusMs,
        writePassOver(passOver),
        writeIds(vouched),
        String(limit),
        explain ? '1' : '',
      ],
    );
    const [agents, clock, tally, considered] = reply as [[string, string][], string, unknown[], string[][]];
    return {
      agents: agents.map(([agentId, line]) => ({ agentId, line })),
      clockMs: Number(clock),
      tally: readTally(tally),
      considered: considered.map(readConsidered),
    };
  }

  /** Takes the best agent of a queue for a call. @throws ShardUnavailable */
  async claim(request: ClaimRequest): Promise<Written<ClaimReply>> {
    const { domain, queue, media } = request;
    const written = await this.#claims.run(
      scripts.claim,
      [queueKey(domain, queue, media), agentsKey(domain), callsKey(domain), changesKey(domain), endsKey(domain)],
      [
        request.region,
        encode(request.callId),
        encode(queue),
        String(request.heldMs),
        String(request.holdMs),
        writeSkills(request.skills),
        this.#surplusMs,
        writePassOver(request.passOver),
        writeIds(request.refused),
        request.agentId ?? '',
        request.explain ? '1' : '',
        writeIds(request.vouched),
        writeIds(request.instead),
        request.wish,
      ],
      request.deadlineMs,
    );
    return written.map(readReply);
  }

  /** Agents in line, and those at the tail because they are taken. @throws ShardUnavailable */
  async size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }> {
    const key = queueKey(domain, queue, media);
    const [inLine, all] = await Promise.all([
      this.#cluster.command(key, ['ZCOUNT', key, '-inf', '(1e15']),
      this.#cluster.command(key, ['ZCARD', key]),
    ]);
    return { inLine: Number(inLine), taken: Number(all) - Number(inLine) };
  }
}

function writePassOver(passOver: PassOver): string {
  const parts = [...passOver].map(([home, why]) => `${encodeURIComponent(home)}:${why}`);
  return parts.length > 0 ? `,${parts.join(',')},` : ',';
}

/** No id holds a space. */
const writeIds = (ids: string[]): string => ` ${ids.join(' ')} `;

function readReply(reply: unknown): ClaimReply {
  type Raw = [ClaimReply['verdict'], string, string, string, string, unknown[], string[][], string, string?];
  const [verdict, agentId, line, fence, clock, tally, considered, versionBefore, noted] = reply as Raw;
  const lapsed = noted ? readNoted(noted) : undefined;
  return {
    verdict,
    agentId,
    line,
    fence: Number(fence),
    clockMs: Number(clock),
    tally: readTally(tally),
    considered: considered.map(readConsidered),
    versionBefore,
    ...(lapsed && { lapsed }),
  };
}

function readTally(flat: unknown[]): Tally {
  const tally: Tally = { seen: 0 };
  for (let i = 0; i + 1 < flat.length; i += 2) tally[flat[i] as Obstacle] = Number(flat[i + 1]);
  return tally;
}

function readConsidered([agentId, obstacle, line]: string[]): Considered {
  return { agentId: agentId ?? '', line: line ?? '', ...(obstacle && { obstacle: obstacle as Obstacle }) };
}
