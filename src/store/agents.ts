import { setTimeout } from 'node:timers/promises';
import type { Move } from '../agent/claim.ts';
import { claimsOf, type Facets } from '../agent/facets.ts';
import { type Merged, merge } from '../agent/merge.ts';
import { virtualArrival } from '../agent/ranking.ts';
import { VOICE } from '../agent/status.ts';
import type { Config } from '../config/schema.ts';
import { domainOfAgent, homeOfAgent } from '../config/topology.ts';
import { Recent } from '../ops/recent.ts';
import { agentsKey, callsKey, changesKey, endsKey, linesOf, rosterKey } from './record/keys.ts';
import {
  type AgentRecord,
  encode,
  locksAfter,
  NONE,
  readRecord,
  writeNoted,
  writeRecord,
  writeUnitsWith,
} from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';
import { ShardUnavailable } from './redis/errors.ts';
import { scripts } from './redis/scripts.ts';
import type { WriteBatcher } from './redis/write-batcher.ts';
import { Written } from './written.ts';

/** What became of a change: how it merged, and the agent as it now is. */
export interface Applied extends Merged {
  record: AgentRecord;
  /** The record it was merged into; undefined for an agent nobody had spoken of. */
  before: AgentRecord | undefined;
}

interface SettleRequest {
  agentId: string;
  /** The unit of the agent's capacity that is claimed. */
  unit: string;
  fence: number;
  callId: string;
  queue: string;
  /** The region that granted it in the home's stead. */
  by?: string | undefined;
  move: Move;
  /** The claim that stands in this one's place, where its call has two. */
  supersededBy?: { agentId: string; fence: number };
}

export type Settled =
  | { kind: 'settled'; written: Written<AgentRecord> }
  /** A later claim has a higher fence. */
  | { kind: 'fenced'; record: AgentRecord }
  /** The record changed meanwhile: look again. */
  | { kind: 'conflict'; record: AgentRecord | undefined };

const RECENT_RECORDS = 20_000;
/** An agent's record is contended by a handful of writers; more rounds than this mean that something is wrong. */
const MAX_ROUNDS = 64;
/** Writers who keep getting in each other's way step aside for a random while, up to this, in ms. */
const MAX_PAUSE_MS = 32;

/** What an agent's changes travel in: they outlive a master, so what counts as applied stays applied. */
interface Lanes {
  /** Claims and their settlements. */
  claims: WriteBatcher;
  /** Everything else that happens to an agent. */
  changes: WriteBatcher;
}

/** A change is kept waiting this long for its shard, in ms; whoever brought it brings it again. */
const COMMIT_DEADLINE_MS = 1000;

/** The agents of the region's store. Changes are merged here and stored by compare-and-set. */
export class Agents {
  readonly #cluster: Cluster;
  readonly #lanes: Lanes;
  readonly #config: Config;
  readonly #recent = new Recent<AgentRecord>(RECENT_RECORDS);

  constructor(cluster: Cluster, lanes: Lanes, config: Config) {
    this.#cluster = cluster;
    this.#lanes = lanes;
    this.#config = config;
  }

  /** The agent as stored; undefined for whom nobody has spoken of, or the config does not take. @throws ShardUnavailable */
  async get(agentId: string): Promise<AgentRecord | undefined> {
    if (homeOfAgent(this.#config, agentId) === undefined) return undefined;
    const key = agentsKey(domainOfAgent(this.#config, agentId));
    const line = (await this.#cluster.command(key, ['HGET', key, agentId])) as string | null;
    return this.remember(agentId, line);
  }

  /** These agents of one domain as stored, by id; whom the store does not know is left out. @throws ShardUnavailable */
  async getAll(domain: string, agentIds: string[]): Promise<Map<string, AgentRecord>> {
    const records = new Map<string, AgentRecord>();
    if (agentIds.length === 0) return records;
    const key = agentsKey(domain);
    const lines = (await this.#cluster.command(key, ['HMGET', key, ...agentIds])) as (string | null)[];
    for (const [i, agentId] of agentIds.entries()) {
      const record = this.remember(agentId, lines[i] ?? null);
      if (record) records.set(agentId, record);
      else this.#recent.delete(agentId);
    }
    return records;
  }

  /** The agent as last seen by this instance, else as stored: good for what compare-and-set will check. */
  async recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#recent.get(agentId) ?? this.get(agentId);
  }

  /** Notes a line that a script answered with, so that the next change to the agent starts from it. */
  remember(agentId: string, line: string | null): AgentRecord | undefined {
    if (!line) return undefined;
    const record = readRecord(line);
    this.#recent.set(agentId, record);
    return record;
  }

  /** Forgets what it has seen: a failover may have taken the store back behind it. */
  forget(): void {
    this.#recent.clear();
  }

  /**
   * Merges a change into the agent and stores it where it made a difference. Where it made none nothing is written: what is
   * known may be what another instance has just stored, so no replica is taken to have it (see {@link affirmed}).
   * @param change or what makes it of the agent as known, each time that is another
   * @throws ShardUnavailable
   */
  async apply(agentId: string, change: Facets | ((known: Facets) => Facets)): Promise<Written<Applied>> {
    let record = await this.recall(agentId);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const known = record?.facets ?? {};
      const merged = merge(known, typeof change === 'function' ? change(known) : change);
      if (record && merged.changed.length === 0) {
        return new Written({ ...merged, record, before: record }, 'not-acknowledged');
      }
      const before = record;
      const stored = await this.#commit(agentId, record, merged);
      if (stored.kind === 'stored') return stored.written.map((now) => ({ ...merged, record: now, before }));
      record = stored.record;
      if (round > 1) await setTimeout(Math.random() * Math.min(MAX_PAUSE_MS, 2 ** round));
    }
    throw new ShardUnavailable(`agent ${agentId} changes faster than it can be stored`);
  }

  /**
   * Writes the record once more if it is still the one given, so that a replica can acknowledge what was known already.
   * @throws ShardUnavailable
   */
  async affirm(agentId: string, record: AgentRecord, lane: keyof Lanes = 'changes'): Promise<Settled> {
    const keys = [agentsKey(domainOfAgent(this.#config, agentId))];
    const written = await this.#lanes[lane].run(scripts.affirm, keys, [agentId, record.version], COMMIT_DEADLINE_MS);
    return this.#settled(agentId, written);
  }

  /** Moves a claim on if the record is still the one given. @throws ShardUnavailable */
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
        String(arrivalMs - parts.availableSinceMs),
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

  #settled(agentId: string, written: Written<unknown>): Settled {
    const [kind, line] = answerOf<Settled['kind']>(written);
    const now = this.remember(agentId, line);
    if (!now || kind === 'conflict') return { kind: 'conflict', record: now };
    return kind === 'settled' ? { kind, written: written.map(() => now) } : { kind, record: now };
  }

  async #commit(
    agentId: string,
    record: AgentRecord | undefined,
    { facets, changed }: Merged,
  ): Promise<
    { kind: 'stored'; written: Written<AgentRecord> } | { kind: 'conflict'; record: AgentRecord | undefined }
  > {
    const domain = domainOfAgent(this.#config, agentId);
    const home = homeOfAgent(this.#config, agentId) ?? '';
    const lines = linesOf(this.#config, agentId, facets);
    const leaves = record ? linesOf(this.#config, agentId, record.facets).filter((line) => !lines.includes(line)) : [];
    const news = changed.some((name) => name === 'claim' || name === 'digitalClaims') ? claimsOf(facets) : [];
    const keys = [agentsKey, callsKey, changesKey, rosterKey, endsKey].map((keyOf) => keyOf(domain));
    const locks = locksAfter(this.#config.region, home, record, news);
    const written = await this.#lanes.changes.run(
      scripts.commit,
      [...keys, ...lines, ...leaves],
      [
        agentId,
        record?.version ?? '0',
        writeRecord(facets, home, locks, this.#config.ranking),
        String(leaves.length),
        String(locks.told.length),
        locks.changed.map((claim) => `${writeNoted(claim)};`).join(''),
        this.#config.region,
        ...locks.told.flatMap(([unit, remainingMs]) => [unit, String(remainingMs)]),
        ...locks.changed.flatMap(({ callId, fence, endReason = NONE }) => [encode(callId), String(fence), endReason]),
      ],
      COMMIT_DEADLINE_MS,
    );
    const [kind, line] = answerOf<'stored' | 'conflict'>(written);
    const now = this.remember(agentId, line);
    if (!now) this.#recent.delete(agentId);
    return kind === 'stored' && now ? { kind, written: written.map(() => now) } : { kind: 'conflict', record: now };
  }
}

/** What the script says of itself, and the record as it is on the master now: no more than a hint for what comes next. */
const answerOf = <Kind extends string>(written: Written<unknown>) => written.evenIfLost() as [Kind, string];

/** The agent but for one claim. */
function withoutClaim(facets: Facets, unit: string): Facets {
  if (unit === VOICE) {
    const { claim: _, ...others } = facets;
    return others;
  }
  const { [unit]: _, ...digitalClaims } = facets.digitalClaims ?? {};
  return { ...facets, digitalClaims };
}
