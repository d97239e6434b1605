import type { Facets } from '../../agent/facets.ts';
import { isForgotten, type Merged } from '../../agent/merge.ts';
import { claimOn, isLocked, VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentRecord, Applied, RecentRecords } from '../agent-record.ts';
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
import { andDeclined } from './call-register.ts';
import { claimOrNone, kept, lineOf, type MemoryDomain, withClaim } from './domain.ts';
import type { MemoryRegion } from './memory-region.ts';
import { takingOf } from './taking.ts';

type Stored =
  | { isStored: true; record: AgentRecord; position: string }
  | { isStored: false; record: AgentRecord | undefined };
type Move = { kind: 'settled' | 'fenced'; record: AgentRecord } | { kind: 'conflict'; record: AgentRecord | undefined };

/** Agents in memory. Records are shared by the region's instances; callers get copies. */
export class MemoryAgents implements Agents {
  readonly #region: MemoryRegion;
  readonly #config: Config;
  readonly #outbox: Outbox;
  readonly #recent: RecentRecords;

  /**
   * @param outbox told of what is to be published
   * @param recent cache of the records that this instance saw last, shared with its queues
   */
  constructor(region: MemoryRegion, config: Config, outbox: Outbox, recent: RecentRecords) {
    this.#region = region;
    this.#config = config;
    this.#outbox = outbox;
    this.#recent = recent;
  }

  async get(agentId: string): Promise<AgentRecord | undefined> {
    if (homeOfAgent(this.#config, agentId) === undefined) return undefined;
    const domain = domainOfAgent(this.#config, agentId);
    const records = await this.#read(domain, 'get', [agentId]);
    return this.#remember(agentId, records.get(agentId));
  }

  async getAll(domain: string, agentIds: string[], _unreadable?: Unreadable): Promise<Map<string, AgentRecord>> {
    if (agentIds.length === 0) return new Map();
    const records = await this.#read(domain, 'getAll', agentIds);
    for (const agentId of agentIds) this.#remember(agentId, records.get(agentId));
    return records;
  }

  async recall(agentId: string): Promise<AgentRecord | undefined> {
    return this.#recent.get(agentId) ?? this.get(agentId);
  }

  async apply(...[agentId, change, messageOf]: Parameters<Agents['apply']>): Promise<Written<Applied>> {
    const written = await mergeInRounds(await this.recall(agentId), change, {
      commit: (record, merged) => this.#commit(agentId, record, merged, messageOf?.(merged.facets)),
    });
    if (written) return written;
    throw new ShardUnavailable(`agent ${agentId} changes faster than it can be stored`);
  }

  async affirm(agentId: string, record: AgentRecord): Promise<Settled> {
    const written = await this.#write(agentId, 'affirm', (domain): Move => {
      const there = domain.records.get(agentId);
      if (there?.version !== record.version) return { kind: 'conflict', record: there };
      return { kind: 'settled', record: domain.write(this.#config, agentId, there, this.#region.nowMs()) };
    });
    return this.#settled(agentId, written);
  }

  async settle(request: SettleRequest, record: AgentRecord, deadlineMs: number): Promise<Settled> {
    const { agentId } = request;
    const step = (domain: MemoryDomain) => this.#move(domain, request, record);
    const settled = this.#settled(agentId, await this.#write(agentId, 'settle', step, deadlineMs));
    if (settled.kind === 'settled') signalRelay(this.#outbox, domainOfAgent(this.#config, agentId));
    return settled;
  }

  after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]> {
    return this.#region.run(domain, 'after', () => {
      const { records } = this.#region.domain(domain);
      const listed = this.#region.domain(domain).listed();
      const isBehind = (id: string) => Buffer.compare(Buffer.from(id), Buffer.from(agentId)) > 0;
      const ids = listed.filter((id) => agentId === '' || isBehind(id)).slice(0, count);
      return ids.map((id) => [id, structuredClone(records.get(id)) as AgentRecord]);
    });
  }

  async *scan(...[domain, { prefix = '', step }]: Parameters<Agents['scan']>): ReturnType<Agents['scan']> {
    const { records } = this.#region.domain(domain);
    const ids = await this.#region.run(domain, 'scan', () => [...records.keys()].filter((id) => id.startsWith(prefix)));
    for (let from = 0; from < ids.length; from += step) {
      yield [...(await this.#read(domain, 'scan', ids.slice(from, from + step)))];
    }
  }

  removeForgotten(domain: string, agentId: string, { version }: AgentRecord): Promise<boolean> {
    return this.#region.run(domain, 'removeForgotten', () => {
      const there = this.#region.domain(domain).records.get(agentId);
      if (there?.version !== version || !isForgotten(there.facets)) return false;
      if (isLocked(there, this.#region.nowMs())) return false;
      this.#region.domain(domain).remove(agentId);
      return true;
    });
  }

  #read(domain: string, name: string, agentIds: string[]): Promise<Map<string, AgentRecord>> {
    return this.#region.run(domain, name, () => {
      const { records } = this.#region.domain(domain);
      return new Map(
        agentIds.flatMap((agentId) => {
          const record = records.get(agentId);
          return record ? [[agentId, structuredClone(record)] as const] : [];
        }),
      );
    });
  }

  /** @param step runs atomically; its result is copied, so it may return the region's own records */
  #write<T>(
    agentId: string,
    name: string,
    step: (domain: MemoryDomain) => T,
    deadlineMs?: number,
  ): Promise<Written<T>> {
    const domain = domainOfAgent(this.#config, agentId);
    const work = () => structuredClone(step(this.#region.domain(domain)));
    return this.#region.write(domain, name, this.#config.redis.replicas, work, deadlineMs);
  }

  #remember(agentId: string, record: AgentRecord | undefined): AgentRecord | undefined {
    if (record) this.#recent.set(agentId, record);
    else this.#recent.delete(agentId);
    return record;
  }

  #settled(agentId: string, written: Written<Move>): Settled {
    const moved = written.evenIfLost();
    this.#remember(agentId, moved.record);
    if (moved.kind === 'conflict') return moved;
    const { record } = moved;
    return moved.kind === 'settled'
      ? { kind: 'settled', written: written.map(() => record) }
      : { kind: 'fenced', record };
  }

  async #commit(
    agentId: string,
    expected: AgentRecord | undefined,
    merged: Merged,
    message: string | undefined,
  ): Promise<Committed> {
    const written = await this.#write(agentId, 'commit', () => this.#store(agentId, expected, merged, message));
    const stored = written.evenIfLost();
    this.#remember(agentId, stored.record);
    if (!stored.isStored) return { kind: 'conflict', record: stored.record };
    if (message !== undefined) signalRelay(this.#outbox, domainOfAgent(this.#config, agentId));
    const { record, position } = stored;
    return { kind: 'stored', written: written.map(() => ({ record, position })) };
  }

  #store(agentId: string, expected: AgentRecord | undefined, merged: Merged, message: string | undefined): Stored {
    const domain = this.#region.domain(domainOfAgent(this.#config, agentId));
    const there = domain.records.get(agentId);
    if (there?.version !== expected?.version) return { isStored: false, record: there };
    const { region } = this.#config;
    const nowMs = this.#region.nowMs();
    const home = homeOfAgent(this.#config, agentId) ?? '';
    const { remaining, changed, ...locks } = locksAfter(region, home, there, merged);
    for (const [unit, remainingMs] of remaining) locks.locksMs[unit] = nowMs + remainingMs;
    const record = domain.write(this.#config, agentId, { home, facets: kept(merged.facets), ...locks }, nowMs);
    let position = '';
    for (const claim of changed) position = domain.note(agentId, { claim, writtenMs: nowMs }, this.#outbox.limit);
    if (message !== undefined)
      position = domain.note(agentId, { isOurs: true, message, writtenMs: nowMs }, this.#outbox.limit);
    else if (changed.length === 0) position = domain.note(agentId, { writtenMs: nowMs }, this.#outbox.limit);
    for (const { callId, fence, endReason } of changed) {
      this.#moveCall(domain, agentId, callId, fence, endReason === 'refused', nowMs);
    }
    return { isStored: true, record, position };
  }

  /** Updates the register of calls after a claim of another region: see commit.lua. */
  #moveCall(
    domain: MemoryDomain,
    agentId: string,
    callId: string,
    fence: number,
    hasRefused: boolean,
    nowMs: number,
  ): void {
    const { calls } = domain;
    const entry = calls.recall(callId, nowMs);
    const isIts = entry?.agentId === agentId;
    const known = entry?.declined ?? [];
    const declined = hasRefused ? andDeclined(known, agentId) : known;
    const { live } = calls.standing(callId, { agentId, fence }, nowMs);
    const goesOver = (): boolean => {
      const { live: other, record } = entry ? calls.standing(callId, entry, nowMs) : {};
      if (!other || !record) return true;
      // The entry stays if its claim was granted here, as this region must end it, or is as far advanced as the new one.
      const isOurs = (other.by ?? record.home) === this.#config.region;
      return !isOurs && other.state === 'HELD' && live?.state === 'CONFIRMED';
    };
    if (live && (!entry || isIts || goesOver())) {
      calls.remember(callId, { agentId, fence, wish: isIts ? entry?.wish : undefined, declined }, nowMs);
    } else if (entry) calls.remember(callId, { ...entry, declined }, nowMs);
  }

  #move(domain: MemoryDomain, request: SettleRequest, expected: AgentRecord): Move {
    const { agentId, unit, fence, callId, queue, by, move } = request;
    const record = domain.records.get(agentId);
    if (!record) return { kind: 'conflict', record: undefined };
    const had = claimOrNone(record.facets, unit);
    if (fence < had.fence) return { kind: 'fenced', record };
    const nowMs = this.#region.nowMs();
    const isTooEarly = move.onlyLapsed && (record.locksMs[unit] ?? 0) > nowMs;
    if (record.version !== expected.version || isTooEarly) return { kind: 'conflict', record };
    const untilMs = move.lockMs > 0 ? nowMs + move.lockMs : 0;
    const { endReason } = move;
    const completedAtMs = this.#completed(domain, request, record, nowMs);
    const claim = {
      ...(unit !== VOICE && { unit }),
      ...{ fence, state: move.state, untilMs, callId, queue, completedAtMs },
      ...(by && { by }),
      ...(endReason && { endReason }),
    };
    const locksMs = { ...record.locksMs, [unit]: untilMs };
    const facets = withClaim(record.facets, unit, claim);
    const now = domain.write(this.#config, agentId, { ...record, facets, locksMs, holdMs: 0 }, nowMs);
    domain.note(agentId, { claim, isOurs: true, writtenMs: nowMs }, this.#outbox.limit);
    this.#endCall(domain, request, nowMs);
    return { kind: 'settled', record: now };
  }

  /** The time from which the agent is free again after the claim; it decides the queue position. */
  #completed(domain: MemoryDomain, request: SettleRequest, record: AgentRecord, nowMs: number): number {
    const { agentId, unit, move } = request;
    let completedMs = claimOn(record.facets, unit)?.completedAtMs ?? 0;
    if (move.completed) {
      const { from, restMs } = move.completed;
      completedMs = Math.max(completedMs, (from === 'now' ? nowMs : from) + restMs);
    }
    if (!move.goesBehind) return completedMs;
    const { facets } = record;
    const last = Math.max(0, ...this.#waiting(domain, agentId, facets, nowMs).map((each) => each.arrivalMs));
    // Bonuses move the agent ahead of the time, penalties behind it.
    const { parts } = virtualArrival(facets, this.#config.ranking);
    const bonusMs = parts.fairnessPenaltyMs - parts.tenureBonusMs - parts.proficiencyBonusMs;
    return Math.max(completedMs, nowMs, last + 1 - bonusMs);
  }

  /** The other agents who could be claimed from this agent's queues. */
  #waiting(domain: MemoryDomain, agentId: string, facets: Facets, nowMs: number): AgentRecord[] {
    const queues = queuesOf(this.#config, agentId, facets.profile);
    const media = [...new Set([...domain.lines.keys()].map((line) => line.slice(0, line.indexOf(' '))))];
    const lines = queues.flatMap((queue) => media.map((each) => [lineOf(queue, each as 'voice'), each] as const));
    return lines.flatMap(([line, each]) =>
      [...(domain.lines.get(line) ?? [])].flatMap((id) => {
        const record = domain.records.get(id);
        const isWaiting = record && id !== agentId && typeof takingOf(record, each as 'voice', nowMs) === 'object';
        return isWaiting ? [record] : [];
      }),
    );
  }

  #endCall(domain: MemoryDomain, { agentId, fence, callId, move, supersededBy }: SettleRequest, nowMs: number): void {
    const entry = domain.calls.recall(callId, nowMs);
    if (entry?.agentId !== agentId || entry.fence !== fence) return;
    const declined = move.endReason === 'refused' ? andDeclined(entry.declined, agentId) : entry.declined;
    const now = supersededBy ? { ...supersededBy, wish: undefined } : entry;
    domain.calls.remember(callId, { ...now, declined }, nowMs);
  }
}
