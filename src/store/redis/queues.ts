import type { Media } from '../../agent/facets.ts';
import type { AgentRecord, RecentRecords } from '../agent-record.ts';
import type {
  ClaimReply,
  ClaimRequest,
  Considered,
  FindRequest,
  Found,
  Obstacle,
  PassOver,
  Queues,
  Tally,
} from '../queues.ts';
import {
  agentsKey,
  callsKey,
  changesKey,
  encode,
  endsKey,
  queueKey,
  readNoted,
  readRecord,
  writeSkills,
} from '../record/record.ts';
import type { Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';
import type { WriteBatcher } from './write-batcher.ts';

/** Queues in Redis: sorted sets. Each scan is one script call. */
export class RedisQueues implements Queues {
  readonly #cluster: Cluster;
  readonly #claims: WriteBatcher;
  readonly #surplusMs: string;
  readonly #recent: RecentRecords;

  /** @param surplusMs bonus for 100 levels of skill surplus, in ms */
  constructor(cluster: Cluster, claims: WriteBatcher, surplusMs: number, recent: RecentRecords) {
    this.#cluster = cluster;
    this.#claims = claims;
    this.#surplusMs = String(surplusMs);
    this.#recent = recent;
  }

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
      agents: agents.map(([agentId, line]) => ({ agentId, record: this.#remember(agentId, readRecord(line)) })),
      clockMs: Number(clock),
      tally: readTally(tally),
      considered: considered.map(readConsidered),
    };
  }

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
        writeIds(request.excluded),
        request.agentId ?? '',
        request.explain ? '1' : '',
        writeIds(request.vouched),
        writeIds(request.instead),
        request.wish,
      ],
      request.deadlineMs,
    );
    return written.map((raw) => {
      const reply = readReply(raw);
      if (reply.record) this.#remember(reply.agentId, reply.record);
      return reply;
    });
  }

  #remember(agentId: string, record: AgentRecord): AgentRecord {
    this.#recent.set(agentId, record);
    return record;
  }

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

/** Formats a list of ids for scripts; ids contain no spaces. */
const writeIds = (ids: string[]): string => ` ${ids.join(' ')} `;

function readReply(reply: unknown): ClaimReply {
  type Raw = [ClaimReply['verdict'], string, string, string, string, unknown[], string[][], string, string?];
  const [verdict, agentId, line, fence, clock, tally, considered, versionBefore, noted] = reply as Raw;
  const lapsed = noted ? readNoted(noted) : undefined;
  return {
    verdict,
    agentId,
    ...(line !== '' && { record: readRecord(line) }),
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
  return {
    agentId: agentId ?? '',
    ...(obstacle && { obstacle: obstacle as Obstacle }),
    ...(line && { record: readRecord(line) }),
  };
}
