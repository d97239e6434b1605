import { isForgotten } from '../../agent/merge.ts';
import type { Config } from '../../config/schema.ts';
import type { AgentRecord } from '../agent-record.ts';
import { agentsKey, linesOf, mediaOfLine, rosterKey, storeKey } from '../record/record.ts';
import type { Aligned } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { misplacement } from './place.ts';
import type { Records } from './records.ts';
import { linesIn, scanAgents, scanLine } from './scan.ts';
import { scripts } from './scripts.ts';
import { SkillAlignment } from './skill-alignment.ts';

interface AlignmentOptions {
  cluster: Cluster;
  config: Config;
  records: Records;
  /** Called after each step with the number of records read. It may delay the check, or throw to end it. */
  pace(records: number): Promise<void>;
}

/** Records for each step. Parsing them blocks other requests. */
const STEP = 100;

/**
 * The index check: compares every record of a domain with its queue entries, then every queue entry with its record, and repairs
 * differences. Scripts write records and queues together. Differences arise only if another application wrote, a failover
 * lost a part, or the configured queues changed.
 */
export class Alignment {
  readonly #options: AlignmentOptions;

  constructor(options: AlignmentOptions) {
    this.#options = options;
  }

  /** @throws ShardUnavailable; what `pace` throws */
  async check(domain: string): Promise<Aligned> {
    const found: Aligned = { records: 0, members: 0, repaired: {} };
    const skills = new SkillAlignment({ ...this.#options, domain });
    await this.#checkRecords(domain, skills, found);
    for (const line of await linesIn(this.#options.cluster, domain)) await this.#checkLine(domain, line, found);
    await skills.checkSets(found, this.#options.pace);
    return found;
  }

  async #checkRecords(domain: string, skills: SkillAlignment, found: Aligned): Promise<void> {
    const { cluster, pace, records } = this.#options;
    for await (const agentIds of scanAgents(cluster, domain, { step: STEP })) {
      const read = await records.readAll(domain, agentIds);
      const members = new Map<string, string[]>();
      for (const [agentId, record] of read) {
        for (const line of this.#linesOf(agentId, record)) members.set(line, [...(members.get(line) ?? []), agentId]);
      }
      await Promise.all(
        [...members].map(async ([line, agentIds]) => {
          const scores = await this.#scores(line, agentIds);
          for (const [i, agentId] of agentIds.entries()) {
            await this.#compare(domain, line, agentId, read.get(agentId), scores[i], found);
          }
        }),
      );
      await skills.checkRecords(read, found);
      // Scripts maintain the directory; this adds agents that an older version stored.
      const entries = [...read].flatMap(([id, { facets }]) => (isForgotten(facets) ? [] : ['0', id]));
      const roster = rosterKey(domain);
      if (entries.length > 0) await cluster.command(roster, ['ZADD', roster, 'NX', ...entries]);
      found.records += read.size;
      await pace(read.size);
    }
  }

  async #checkLine(domain: string, line: string, found: Aligned): Promise<void> {
    const { cluster, pace, records } = this.#options;
    for await (const scores of scanLine(cluster, line, { step: STEP })) {
      const read = await records.readAll(domain, [...scores.keys()]);
      for (const [agentId, score] of scores) {
        await this.#compare(domain, line, agentId, read.get(agentId), score, found);
      }
      found.members += scores.size;
      await pace(scores.size);
    }
  }

  /** Repairs the agent's queue entry if it is wrong and the record has not changed. */
  async #compare(
    domain: string,
    line: string,
    agentId: string,
    record: AgentRecord | undefined,
    score: number | undefined,
    { repaired }: Aligned,
  ): Promise<void> {
    const isTheirs = record !== undefined && this.#linesOf(agentId, record).includes(line);
    const wrong = misplacement(record, mediaOfLine(line), isTheirs, score);
    if (!wrong) return;
    const keys = [agentsKey(domain), line, storeKey(domain)];
    const args = [agentId, record?.version ?? '0', isTheirs ? '1' : ''];
    const moved = Number(await this.#options.cluster.run(scripts.align, keys, args));
    if (moved > 0) repaired[wrong] = (repaired[wrong] ?? 0) + moved;
  }

  async #scores(line: string, agentIds: string[]): Promise<(number | undefined)[]> {
    const scores = (await this.#options.cluster.command(line, ['ZMSCORE', line, ...agentIds])) as unknown[];
    return scores.map((score) => (score === null ? undefined : Number(score)));
  }

  #linesOf(agentId: string, { facets }: AgentRecord): string[] {
    return linesOf(this.#options.config, agentId, facets);
  }
}
