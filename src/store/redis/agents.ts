import { setTimeout } from 'node:timers/promises';
import type { Facets } from '../../agent/facets.ts';
import type { Merged } from '../../agent/merge.ts';
import { VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent } from '../../config/topology.ts';
import type { AgentRecord, Applied, RecentRecords } from '../agent-record.ts';
import {
  agentsKey,
  callsKey,
  changesKey,
  encode,
  endsKey,
  linesOf,
  NONE,
  readRecord,
  rosterKey,
  writeNoted,
  writeRecord,
  writeUnitsWith,
} from '../record/record.ts';
import { type Agents, type Settled, type SettleRequest, ShardUnavailable, type Unreadable } from '../store.ts';
import type { Written } from '../written.ts';
import { type Committed, locksAfter, mergeInRounds } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { scanAgents } from './scan.ts';
import { scripts } from './scripts.ts';
import type { WriteBatcher } from './write-batcher.ts';

/** Limit of the random pause between retries of conflicting writers, in ms. */
const MAX_PAUSE_MS = 32;

/** Write batches that wait for a replica, so that an acknowledged write survives the loss of a master. */
interface Lanes {
  /** Claims and their settlements. */
  claims: WriteBatcher;
  /** All other changes of agents. */
  changes: WriteBatcher;
}

/** Deadline of a change in ms; its sender retries. */
const COMMIT_DEADLINE_MS = 1000;

/** Agents in Redis: records are fields of a hash. Scripts compare versions and store records that were merged here. */
export class RedisAgents implements Agents {
  readonly #cluster: Cluster;
  readonly #lanes: Lanes;
  readonly #config: Config;
  readonly #recent: RecentRecords;

  constructor(cluster: Cluster, lanes: Lanes, config: Config, recent: RecentRecords) {
    this.#cluster = cluster;
    this.#lanes = lanes;
    this.#config = config;
    this.#recent = recent;
  }

  async get(agentId: string): Promise<AgentRecord | undefined> {
    if (homeOfAgent(this.#config, agentId) === undefined) return undefined;
    const key = agentsKey(domainOfAgent(this.#config, agentId));
    const line = (await this.#cluster.command(key, ['HGET', key, agentId])) as string | null;
    return this.#remember(agentId, line);
  }

  async getAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>> {
    const records = new Map<string, AgentRecord>();
    if (agentIds.length === 0) return records;
    const key = agentsKey(domain);
    const lines = (await this.#cluster.command(key, ['HMGET', key, ...agentIds])) as (string | null)[];
    for (const [i, agentId] of agentIds.entries()) {
      try {
        const record = this.#remember(agentId, lines[i] ?? null);
        if (record) records.set(agentId, record);
        else this.#recent.delete(agentId);
      } catch (error) {
        if (!unreadable) throw error;
        unreadable(agentId, error);
      }
    }
    return records;
  }

  async recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#recent.get(agentId) ?? this.get(agentId);
  }

  async apply(agentId: string, change: Facets | ((known: Facets) => Facets)): Promise<Written<Applied>> {
    const written = await mergeInRounds(await this.recall(agentId), change, {
      commit: (record, merged) => this.#commit(agentId, record, merged),
      afterConflict: async (round) => {
        if (round > 1) await setTimeout(Math.random() * Math.min(MAX_PAUSE_MS, 2 ** round));
      },
    });
    if (written) return written;
    throw new ShardUnavailable(`agent ${agentId} changes faster than it can be stored`);
  }

  async affirm(agentId: string, record: AgentRecord, lane: keyof Lanes = 'changes'): Promise<Settled> {
    const keys = [agentsKey(domainOfAgent(this.#config, agentId))];
    const written = await this.#lanes[lane].run(scripts.affirm, keys, [agentId, record.version], COMMIT_DEADLINE_MS);
    return this.#settled(agentId, written);
  }

  async settle(request: SettleRequest, record: AgentRecord, deadlineMs: number): Promise<Settled> {
    const { agentId, unit, fence, move, supersededBy } = request;
    const domain = domainOfAgent(this.#config, agentId);
    const { arrivalMs, parts } = virtualArrival(withoutClaim(record.facets, unit), this.#config.ranking);
    const written = await this.#lanes.claims.run(
      scripts.settle,
      [
        agentsKey(domain),
        changesKey(domain),
        callsKey(domain),
        endsKey(domain),
        ...linesOf(this.#config, agentId, record.facets),
      ],
      [
        agentId,
        record.version,
        String(fence),
        move.state,
        encode(request.by),
        String(move.lockMs),
        encode(request.callId),
        encode(request.queue),
        String(move.completed?.from ?? ''),
        String(move.completed?.restMs ?? 0),
        String(arrivalMs),
        String(parts.fairnessPenaltyMs - parts.tenureBonusMs - parts.proficiencyBonusMs),
        unit,
        move.endReason ?? NONE,
        move.goesBehind ? 'behind' : '',
        move.onlyLapsed ? 'lapsed' : '',
        supersededBy?.agentId ?? '',
        String(supersededBy?.fence ?? ''),
        writeUnitsWith(unit, record.facets, record.locksMs),
      ],
      deadlineMs,
    );
    return this.#settled(agentId, written);
  }

  demandStorable(agentId: string, facets: Facets): void {
    linesOf(this.#config, agentId, facets);
    const home = homeOfAgent(this.#config, agentId) ?? '';
    writeRecord(facets, home, { locksMs: {}, holdMs: 0 }, this.#config.ranking);
  }

  async after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]> {
    const [key, records] = [rosterKey(domain), agentsKey(domain)];
    const range = [agentId === '' ? '-' : `(${agentId}`, '+', 'LIMIT', '0', String(count)];
    const ids = (await this.#cluster.command(key, ['ZRANGEBYLEX', key, ...range])) as string[];
    if (ids.length === 0) return [];
    const lines = (await this.#cluster.command(records, ['HMGET', records, ...ids])) as (string | null)[];
    return ids.flatMap((id, i): [string, AgentRecord][] => {
      const line = lines[i];
      return line ? [[id, readRecord(line)]] : []; // no record: a failover lost it and kept the entry
    });
  }

  async *scan(...[domain, how]: Parameters<Agents['scan']>): ReturnType<Agents['scan']> {
    for await (const lines of scanAgents(this.#cluster, domain, how)) {
      yield [...lines].flatMap(([agentId, line]): [string, AgentRecord][] => {
        try {
          return [[agentId, readRecord(line)]];
        } catch (error) {
          if (!how.unreadable) throw error;
          how.unreadable(agentId, error);
          return [];
        }
      });
    }
  }

  async removeForgotten(domain: string, agentId: string, { version }: AgentRecord): Promise<boolean> {
    const keys = [agentsKey(domain), rosterKey(domain)];
    return (await this.#cluster.run(scripts.forget, keys, [agentId, version])) === 1;
  }

  #remember(agentId: string, line: string | null): AgentRecord | undefined {
    if (!line) return undefined;
    const record = readRecord(line);
    this.#recent.set(agentId, record);
    return record;
  }

  #settled(agentId: string, written: Written<unknown>): Settled {
    const [kind, line] = answerOf<Settled['kind']>(written);
    const now = this.#remember(agentId, line);
    // Otherwise a removed record would stay in the cache, and changes would be merged into it for ever.
    if (!now) this.#recent.delete(agentId);
    if (!now || kind === 'conflict') return { kind: 'conflict', record: now };
    return kind === 'settled' ? { kind, written: written.map(() => now) } : { kind, record: now };
  }

  async #commit(agentId: string, record: AgentRecord | undefined, merged: Merged): Promise<Committed> {
    const { facets } = merged;
    const domain = domainOfAgent(this.#config, agentId);
    const home = homeOfAgent(this.#config, agentId) ?? '';
    const lines = linesOf(this.#config, agentId, facets);
    const leaves = record ? linesOf(this.#config, agentId, record.facets).filter((line) => !lines.includes(line)) : [];
    const keys = [agentsKey, callsKey, changesKey, rosterKey, endsKey].map((keyOf) => keyOf(domain));
    const locks = locksAfter(this.#config.region, home, record, merged);
    const written = await this.#lanes.changes.run(
      scripts.commit,
      [...keys, ...lines, ...leaves],
      [
        agentId,
        record?.version ?? '0',
        writeRecord(facets, home, locks, this.#config.ranking),
        String(leaves.length),
        String(locks.remaining.length),
        locks.changed.map((claim) => `${writeNoted(claim)};`).join(''),
        this.#config.region,
        ...locks.remaining.flatMap(([unit, remainingMs]) => [unit, String(remainingMs)]),
        ...locks.changed.flatMap(({ callId, fence, endReason = NONE }) => [encode(callId), String(fence), endReason]),
      ],
      COMMIT_DEADLINE_MS,
    );
    const [kind, line] = answerOf<'stored' | 'conflict'>(written);
    const now = this.#remember(agentId, line);
    if (!now) this.#recent.delete(agentId);
    return kind === 'stored' && now ? { kind, written: written.map(() => now) } : { kind: 'conflict', record: now };
  }
}

/** The script's verdict, and the record on the master. Not yet acknowledged by a replica, so only a basis for the next step. */
const answerOf = <Kind extends string>(written: Written<unknown>) => written.evenIfLost() as [Kind, string];

/** The facets without the claim on one unit. */
function withoutClaim(facets: Facets, unit: string): Facets {
  if (unit === VOICE) {
    const { claim: _, ...others } = facets;
    return others;
  }
  const { [unit]: _, ...digitalClaims } = facets.digitalClaims ?? {};
  return { ...facets, digitalClaims };
}
