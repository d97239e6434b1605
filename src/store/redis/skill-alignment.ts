import type { AgentRecord } from '../agent-record.ts';
import { agentsKey, commonSkillsKey, holdersKey, skillIn, storeKey } from '../record/record.ts';
import type { Aligned } from '../store.ts';
import type { Cluster } from './cluster.ts';
import type { Records } from './records.ts';
import { keysLike } from './scan.ts';
import { scripts } from './scripts.ts';

interface SkillAlignmentOptions {
  cluster: Cluster;
  records: Records;
  domain: string;
}

/**
 * The part of the index check that concerns skills: compares every record with the sets of those who have a skill
 * (`scripts/skills.lua`), and every member of a set with its record, and repairs differences.
 */
export class SkillAlignment {
  readonly #options: SkillAlignmentOptions;

  constructor(options: SkillAlignmentOptions) {
    this.#options = options;
  }

  /** Adds agents to the sets of the skills that they have. */
  async checkRecords(records: ReadonlyMap<string, AgentRecord>, found: Aligned): Promise<void> {
    const { cluster, domain } = this.#options;
    const common = await this.#common();
    const holders = new Map<string, string[]>();
    for (const [agentId, { facets }] of records) {
      for (const skill of Object.keys(facets.profile?.skills ?? {})) {
        if (!common.has(skillIn(skill))) holders.set(skill, [...(holders.get(skill) ?? []), agentId]);
      }
    }
    for (const [skill, agentIds] of holders) {
      const key = holdersKey(domain, skill);
      const known = (await cluster.command(key, ['SMISMEMBER', key, ...agentIds])) as number[];
      const missing = agentIds.filter((_, i) => known[i] === 0);
      for (const agentId of missing) await this.#repair(agentId, records.get(agentId), skill, true, found);
    }
  }

  /** Removes agents from the sets of skills that they do not have. @param pace see `Store.align` */
  async checkSets(found: Aligned, pace: (records: number) => Promise<void>): Promise<void> {
    const { cluster, domain, records } = this.#options;
    const prefix = holdersKey(domain, '');
    for (const key of await keysLike(cluster, prefix, `${prefix}*`)) {
      const skill = key.slice(prefix.length);
      const agentIds = (await cluster.command(key, ['SMEMBERS', key])) as string[];
      const read = await records.readAll(domain, agentIds);
      for (const agentId of agentIds) {
        const record = read.get(agentId);
        const has = Object.hasOwn(record?.facets.profile?.skills ?? {}, skill);
        if (!has) await this.#repair(agentId, record, skill, false, found);
      }
      await pace(agentIds.length);
    }
  }

  async #repair(
    agentId: string,
    record: AgentRecord | undefined,
    skill: string,
    has: boolean,
    { repaired }: Aligned,
  ): Promise<void> {
    const { cluster, domain } = this.#options;
    const keys = [agentsKey(domain), commonSkillsKey(domain), holdersKey(domain, skill), storeKey(domain)];
    const args = [agentId, record?.version ?? '0', skillIn(skill), has ? '1' : ''];
    const changed = Number(await cluster.run(scripts.alignSkill, keys, args));
    const wrong = has ? 'missing' : 'ghost';
    if (changed > 0) repaired[wrong] = (repaired[wrong] ?? 0) + changed;
  }

  async #common(): Promise<Set<string>> {
    const key = commonSkillsKey(this.#options.domain);
    return new Set((await this.#options.cluster.command(key, ['SMEMBERS', key])) as string[]);
  }
}
