import { setTimeout } from 'node:timers/promises';
import type { Facets } from '../../agent/facets.ts';
import type { Merged } from '../../agent/merge.ts';
import { VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent } from '../../config/topology.ts';
import type { AgentRecord, Applied } from '../agent-record.ts';
import { type Format, OLDEST } from '../record/layout.ts';
import {
  agentsKey,
  callsKey,
  changesKey,
  commonSkillsKey,
  encode,
  endsKey,
  facetsKey,
  holdersKey,
  linesOf,
  NONE,
  rosterKey,
  type SeenRecords,
  skillIn,
  storeKey,
  writeFacets,
  writeHeader,
  writeNoted,
  writeUnitsWith,
} from '../record/record.ts';
import {
  type Agents,
  type Outbox,
  type Settled,
  type SettleRequest,
  ShardUnavailable,
  type Unreadable,
} from '../store.ts';
import type { Written } from '../written.ts';
import { type Committed, locksAfter, mergeInRounds, signalRelay } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { Records } from './records.ts';
import { scanAgents } from './scan.ts';
import { scripts } from './scripts.ts';
import { failureIn, Numbered, type ScriptBatch, type WriteBatcher } from './write-batcher.ts';

/** Limit of the random pause between retries of conflicting writers, in ms. */
const MAX_PAUSE_MS = 32;

/** Write batches that wait for a replica, so that an acknowledged write survives the loss of a master. */
interface Lanes {
  /** Claims and their settlements. */
  claims: WriteBatcher;
  /** All other changes of agents. */
  changes: WriteBatcher;
}

/** The same in all formats. */
const VERSION_WIDTH = OLDEST.places.version[1] - OLDEST.places.version[0];
/** Deadline of a change in ms; its sender retries. */
const COMMIT_DEADLINE_MS = 1000;

/** Agents in Redis: records are fields of a hash. Scripts compare versions and store records that were merged here. */
export class RedisAgents implements Agents {
  readonly #cluster: Cluster;
  readonly #lanes: Lanes;
  readonly #config: Config;
  readonly #outbox: Outbox;
  readonly #records: Records;
  readonly #seen: SeenRecords;
  readonly #batches = new Map<string, ScriptBatch<Commit, string[]>>();

  /**
   * @param outbox told of what is to be published
   * @param seen the records that this instance saw last
   */
  constructor(cluster: Cluster, lanes: Lanes, config: Config, outbox: Outbox, seen: SeenRecords) {
    this.#cluster = cluster;
    this.#lanes = lanes;
    this.#config = config;
    this.#outbox = outbox;
    this.#records = new Records(cluster, seen);
    this.#seen = seen;
  }

  async get(agentId: string): Promise<AgentRecord | undefined> {
    if (homeOfAgent(this.#config, agentId) === undefined) return undefined;
    return this.#records.read(domainOfAgent(this.#config, agentId), agentId);
  }

  getAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>> {
    return this.#records.readAll(domain, agentIds, unreadable);
  }

  async recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#seen.get(agentId) ?? this.get(agentId);
  }

  async apply(...[agentId, change, messageOf]: Parameters<Agents['apply']>): Promise<Written<Applied>> {
    const written = await mergeInRounds(await this.recall(agentId), change, {
      commit: (record, merged) => this.#commit(agentId, record, merged, messageOf?.(merged.facets)),
      afterConflict: async (round) => {
        if (round > 1) await setTimeout(Math.random() * Math.min(MAX_PAUSE_MS, 2 ** round));
      },
    });
    if (written) return written;
    throw new ShardUnavailable(`agent ${agentId} changes faster than it can be stored`);
  }

  async affirm(agentId: string, record: AgentRecord, lane: keyof Lanes = 'changes'): Promise<Settled> {
    const keys = [agentsKey, storeKey].map((keyOf) => keyOf(domainOfAgent(this.#config, agentId)));
    const written = await this.#lanes[lane].run(scripts.affirm, keys, [agentId, record.version], COMMIT_DEADLINE_MS);
    return this.#settled(agentId, written);
  }

  async settle(request: SettleRequest, record: AgentRecord, deadlineMs: number): Promise<Settled> {
    const { agentId, unit, fence, move, supersededBy } = request;
    const domain = domainOfAgent(this.#config, agentId);
    const { arrivalMs, parts } = virtualArrival(withoutClaim(record.facets, unit), this.#config.ranking);
    const keys = [agentsKey, changesKey, callsKey, endsKey, storeKey].map((keyOf) => keyOf(domain));
    const settlement = {
      ...{ id: agentId, version: record.version, unit, fence, state: move.state, lock_ms: move.lockMs },
      ...{ by: encode(request.by), call: encode(request.callId), queue: encode(request.queue) },
      reason: move.endReason ?? NONE,
      ...(move.completed && { completed: move.completed.from, rest_ms: move.completed.restMs }),
      arrival: arrivalMs,
      bonus_ms: parts.fairnessPenaltyMs - parts.tenureBonusMs - parts.proficiencyBonusMs,
      ...(move.goesBehind && { goes_behind: true }),
      ...(move.onlyLapsed && { only_lapsed: true }),
      ...(supersededBy && { superseded_by: [supersededBy.agentId, supersededBy.fence] }),
      units: writeUnitsWith(unit, record.facets, record.locksMs),
      most_waiting: this.#outbox.limit,
    };
    const written = await this.#lanes.claims.run(
      scripts.settle,
      [...keys, ...linesOf(this.#config, agentId, record.facets)],
      [JSON.stringify(settlement)],
      deadlineMs,
    );
    const settled = await this.#settled(agentId, written);
    if (settled.kind === 'settled') signalRelay(this.#outbox, domain);
    return settled;
  }

  async after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]> {
    const key = rosterKey(domain);
    const range = [agentId === '' ? '-' : `(${agentId}`, '+', 'LIMIT', '0', String(count)];
    const ids = (await this.#cluster.command(key, ['ZRANGEBYLEX', key, ...range])) as string[];
    // Without a record: a failover lost it and kept the entry.
    return [...(await this.getAll(domain, ids))];
  }

  async *scan(...[domain, how]: Parameters<Agents['scan']>): ReturnType<Agents['scan']> {
    for await (const agentIds of scanAgents(this.#cluster, domain, how)) {
      yield [...(await this.getAll(domain, agentIds, how.unreadable))];
    }
  }

  async removeForgotten(domain: string, agentId: string, { version }: AgentRecord): Promise<boolean> {
    const keys = [agentsKey, facetsKey, rosterKey, storeKey].map((keyOf) => keyOf(domain));
    return (await this.#cluster.run(scripts.forget, keys, [agentId, version])) === 1;
  }

  async #settled(agentId: string, written: Written<unknown>): Promise<Settled> {
    // The script's verdict, and the header on the master. Not yet acknowledged by a replica, so only a basis for the next step.
    const [kind, header] = written.evenIfLost() as [Settled['kind'], string?];
    if (kind === 'conflict' || header === undefined) return { kind: 'conflict', record: await this.get(agentId) };
    const domain = domainOfAgent(this.#config, agentId);
    const joined = await this.#seen.join(new Map([[agentId, header]]), (ids) => this.#records.facets(domain, ids));
    const now = joined.get(agentId);
    if (!now) return { kind: 'conflict', record: undefined };
    return kind === 'settled' ? { kind, written: written.map(() => now) } : { kind, record: now };
  }

  #batchOf(domain: string): ScriptBatch<Commit, string[]> {
    const batch = this.#batches.get(domain) ?? commitsIn(domain, this.#config.region, this.#outbox.limit);
    this.#batches.set(domain, batch);
    return batch;
  }

  async #commit(
    agentId: string,
    record: AgentRecord | undefined,
    merged: Merged,
    message: string | undefined,
  ): Promise<Committed> {
    const { facets, changed } = merged;
    const domain = domainOfAgent(this.#config, agentId);
    const home = homeOfAgent(this.#config, agentId) ?? '';
    const locks = locksAfter(this.#config.region, home, record, merged);
    const isReported = record === undefined || changed.some((name) => name !== 'claim' && name !== 'digitalClaims');
    const before = record ? linesOf(this.#config, agentId, record.facets) : [];
    const lines = linesOf(this.#config, agentId, facets);
    const headerIn = (format: Format): string => writeHeader(facets, home, locks, this.#config.ranking, format);
    const present = this.#cluster.formats.known.get(domain) ?? OLDEST;
    // What cannot be formatted fails here, and not together with the others of its batch.
    const presentHeader = headerIn(present);
    const commit: Commit = {
      id: agentId,
      version: (record?.version ?? '0').padStart(VERSION_WIDTH, '0'),
      headerIn: (format) => (format === present ? presentHeader : headerIn(format)),
      ...(isReported && { facets: writeFacets(facets) }),
      ...(message !== undefined && { message }),
      stays: before.length > 0 ? lines.filter((line) => before.includes(line)) : [],
      enters: lines.filter((line) => !before.includes(line)),
      leaves: before.filter((line) => !lines.includes(line)),
      gains: skillsBeyond(domain, facets, record?.facets),
      loses: record ? skillsBeyond(domain, record.facets, facets) : [],
      remaining: locks.remaining,
      claims: locks.changed.map(writeNoted),
      calls: locks.changed.map(({ callId, fence, endReason = NONE }) => [encode(callId), String(fence), endReason]),
    };
    const written = await this.#lanes.changes.join(this.#batchOf(domain), commit, COMMIT_DEADLINE_MS);
    const [kind, header, last = ''] = written.evenIfLost() as ['stored' | 'conflict', string, string?];
    if (kind === 'stored') {
      const { claim: _, digitalClaims: __, ...reported } = facets;
      const now = this.#seen.keep(agentId, header, reported);
      if (message !== undefined) signalRelay(this.#outbox, domain);
      return { kind, written: written.map(() => ({ record: now, position: last })) };
    }
    if (header === '') this.#seen.forget(agentId);
    return { kind, record: header === '' ? undefined : this.#seen.keep(agentId, header, last) };
  }
}

/** A commit as `commit.lua` reads it, with the keys of its queues, and the facets and the message as texts. */
interface Commit {
  id: string;
  version: string;
  headerIn(format: Format): string;
  facets?: string;
  message?: string;
  stays: string[];
  enters: string[];
  leaves: string[];
  /** Skills that change, with the keys of those who have them. */
  gains: [holders: string, skill: string][];
  loses: [holders: string, skill: string][];
  remaining: [unit: string, remainingMs: number][];
  claims: string[];
  calls: [call: string, fence: string, endReason: string][];
}

const MOST_COMMITS = 50;

/** Commits of a domain's records. */
function commitsIn(domain: string, region: string, mostWaiting: number): ScriptBatch<Commit, string[]> {
  const keys = [agentsKey, facetsKey, callsKey, changesKey, rosterKey, endsKey, commonSkillsKey, storeKey].map(
    (keyOf) => keyOf(domain),
  );
  return {
    ...{ script: scripts.commit, name: `commit ${domain}`, key: keys[0] as string, most: MOST_COMMITS },
    compose(requests, format) {
      const lines = new Numbered();
      const texts: string[] = [];
      // The batch itself is the first argument.
      const numberOf = (text: string): number => texts.push(text) + 1;
      const numbersOf = (keys: string[]): number[] => keys.map((key) => lines.numberOf(key));
      const numbered = (skills: [key: string, skill: string][]) =>
        skills.map(([key, skill]) => [lines.numberOf(key), skill]);
      const commits = requests.map(({ id, version, headerIn, facets, message, ...lists }) => {
        const commit: Record<string, unknown> = { id, version, header: headerIn(format) };
        if (facets !== undefined) commit.facets = numberOf(facets);
        if (message !== undefined) commit.message = numberOf(message);
        for (const name of ['stays', 'enters', 'leaves'] as const) {
          if (lists[name].length > 0) commit[name] = numbersOf(lists[name]);
        }
        for (const name of ['gains', 'loses'] as const) {
          if (lists[name].length > 0) commit[name] = numbered(lists[name]);
        }
        for (const name of ['remaining', 'claims', 'calls'] as const) {
          if (lists[name].length > 0) commit[name] = lists[name];
        }
        return commit;
      });
      return {
        keys: [...keys, ...lines.all],
        args: [JSON.stringify({ region, most_waiting: mostWaiting, commits }), ...texts],
      };
    },
    read: (reply, requests) =>
      requests.map((_, i) => failureIn((reply as string[][])[i]) ?? (reply as string[][])[i] ?? []),
  };
}

/** The skills that an agent has by `facets` and not by `others`, with the keys of those who have them. */
function skillsBeyond(domain: string, { profile }: Facets, others: Facets = {}): [holders: string, skill: string][] {
  const theirs = others.profile?.skills ?? {};
  if (profile?.skills === others.profile?.skills) return [];
  return Object.keys(profile?.skills ?? {}).flatMap((name): [string, string][] =>
    Object.hasOwn(theirs, name) ? [] : [[holdersKey(domain, name), skillIn(name)]],
  );
}

/** The facets without the claim on one unit. */
function withoutClaim(facets: Facets, unit: string): Facets {
  if (unit === VOICE) {
    const { claim: _, ...others } = facets;
    return others;
  }
  const { [unit]: _, ...digitalClaims } = facets.digitalClaims ?? {};
  return { ...facets, digitalClaims };
}
