import { LRUCache } from 'lru-cache';
import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import { type AgentRecord, MAX_RECENT_RECORDS } from '../agent-record.ts';
import { type LeasedWork, type LeaseHolder, type LeaseOptions, type Leases, SharedLeases } from '../leases.ts';
import type { CallEntry, Calls, Lapsed } from '../queues.ts';
import { NEWEST } from '../record/layout.ts';
import {
  type Aligned,
  ANSWER_KEPT_MS,
  type Change,
  type Changes,
  type Conversion,
  type KeptAnswer,
  type KeptAnswers,
  type Keyed,
  type NotedOf,
  type Notes,
  type Permits,
  type PermitsOptions,
  type ShardState,
  type Store,
  UNDER_WAY_MS,
} from '../store.ts';
import { MemoryAgents } from './agents.ts';
import { linesOf } from './domain.ts';
import { MemoryLeaseTable } from './leases.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';
import { MemoryOutbox } from './outbox.ts';
import { MemoryPermits } from './permits.ts';
import { MemoryQueues } from './queues.ts';
import { valid } from './shared-state.ts';

/** Records for each step of an index check. */
const STEP = 100;

/** The store of one instance, in memory. Instances of a region share a {@link MemoryRegion}. */
export class MemoryStore implements Store {
  readonly agents: MemoryAgents;
  readonly queues: MemoryQueues;
  readonly calls: Calls;
  readonly changes: Changes;
  readonly outbox: MemoryOutbox;
  readonly conversion: Conversion;
  readonly keptAnswers: KeptAnswers;
  readonly notes: Notes;
  readonly nowMs: () => number;
  readonly #region: MemoryRegion;
  readonly #config: Config;

  constructor(region: MemoryRegion, config: Config, maxOutboxEntries?: number) {
    this.#region = region;
    this.#config = config;
    const recent = new LRUCache<string, AgentRecord>({ max: MAX_RECENT_RECORDS });
    this.outbox = new MemoryOutbox(region, config, maxOutboxEntries);
    this.agents = new MemoryAgents(region, config, this.outbox, recent);
    this.queues = new MemoryQueues(region, config, this.outbox, recent);
    this.calls = callsIn(region, config.region);
    this.changes = changesIn(region);
    this.conversion = conversionIn(region);
    this.keptAnswers = keptAnswersIn(region);
    this.notes = notesIn(region);
    this.nowMs = () => region.nowMs();
  }

  takeBeat(highest: number): Promise<number> {
    const { shared } = this.#region;
    return this.#region.run(SHARED, 'takeBeat', () => {
      shared.beat = Math.max(shared.beat + 1, highest + 1, this.#region.nowMs());
      return shared.beat;
    });
  }

  /** A store in memory has no clock but the instance's. */
  followClocks(): void {}

  leases({ work, ...terms }: LeaseOptions): Leases {
    return new SharedLeases(terms, new MemoryLeaseTable(this.#region, work, terms.count));
  }

  instances(): Promise<string[]> {
    return new MemoryLeaseTable(this.#region, 'relay', 0).instances();
  }

  holders(work: LeasedWork, count: number): Promise<LeaseHolder[]> {
    return new MemoryLeaseTable(this.#region, work, count).holders();
  }

  permits(options: PermitsOptions): Permits {
    return new MemoryPermits(this.#region, options);
  }

  async align(domain: string, pace: (records: number) => Promise<void>): Promise<Aligned> {
    const found: Aligned = { records: 0, members: 0, repaired: {} };
    const { records, lines } = this.#region.domain(domain);
    const ids = await this.#region.run(domain, 'align', () => [...records.keys()]);
    for (let from = 0; from < ids.length; from += STEP) {
      const some = ids.slice(from, from + STEP);
      await this.#region.run(domain, 'align', () => {
        for (const agentId of some) this.#compare(domain, agentId, found);
      });
      found.records += some.length;
      await pace(some.length);
    }
    for (const agentIds of lines.values()) found.members += agentIds.size;
    return found;
  }

  #compare(name: string, agentId: string, { repaired }: Aligned): void {
    const domain = this.#region.domain(name);
    const record = domain.records.get(agentId);
    const { entered, left } = domain.place(agentId, record ? linesOf(this.#config, agentId, record) : []);
    if (entered > 0) repaired.missing = (repaired.missing ?? 0) + entered;
    if (left > 0) repaired.ghost = (repaired.ghost ?? 0) + left;
  }

  shards(): ShardState[] {
    return [SHARED, ...domainsOf(this.#config)].map((part) => this.#stateOf(part));
  }

  shardOf(domain: string): ShardState {
    return this.#stateOf(domain);
  }

  #stateOf(address: string): ShardState {
    const replicas = this.#region.acknowledges ? this.#config.redis.replicas : 0;
    return { address, up: !this.#region.outages.has(address), replicas, probeMs: 0, clockOffsetMs: 0 };
  }

  async close(): Promise<void> {}
}

function callsIn(region: MemoryRegion, ours: string): Calls {
  return {
    entryOf: (domain: string, callId: string): Promise<CallEntry | undefined> =>
      region.run(domain, 'entryOf', () => {
        const entry = region.domain(domain).calls.recall(callId, region.nowMs());
        return entry && { agentId: entry.agentId, fence: entry.fence };
      }),
    lapsed: (domain: string, most: number): Promise<Lapsed[]> =>
      region.run(domain, 'lapsed', () =>
        structuredClone(region.domain(domain).lapsed(ours, region.nowMs()).slice(0, most)),
      ),
    sweep: (domain: string): Promise<{ cursor: string; removed: number }> =>
      region.run(domain, 'sweep', () => ({
        cursor: '0',
        removed: region.domain(domain).calls.sweep(region.nowMs()),
      })),
  };
}

function changesIn(region: MemoryRegion): Changes {
  return {
    latest: (domain: string): Promise<string> => region.run(domain, 'latest', () => region.domain(domain).latest()),
    after: (domain: string, position: string, count: number): Promise<Change[] | 'gone'> =>
      region.run(domain, 'changes', () => structuredClone(region.domain(domain).changesAfter(position, count))),
  };
}

/** Records in memory have one form. */
function conversionIn(region: MemoryRegion): Conversion {
  return {
    formats: [NEWEST.number],
    state: (domain) => region.run(domain, 'format', () => ({ format: NEWEST.number, flips: 0 })),
    convert: async () => 0,
  };
}

function keptAnswersIn(region: MemoryRegion): KeptAnswers {
  const { answers } = region.shared;
  return {
    begin: (id: string, print: string, by: string): Promise<Keyed | undefined> =>
      region.run(SHARED, 'begin', () => {
        const known = valid(answers, id, region.nowMs());
        if (known) return 'by' in known && known.by === by ? undefined : structuredClone(known);
        answers.set(id, { value: { print, by }, untilMs: region.nowMs() + UNDER_WAY_MS });
        return undefined;
      }),
    keep: (id: string, print: string, answer: KeptAnswer): Promise<void> =>
      region.run(SHARED, 'keep', () => {
        answers.set(id, { value: structuredClone({ print, answer }), untilMs: region.nowMs() + ANSWER_KEPT_MS });
      }),
    forget: (id: string): Promise<void> => region.run(SHARED, 'forget', () => void answers.delete(id)),
  };
}

function notesIn(region: MemoryRegion): Notes {
  const { notes } = region.shared;
  const read = (of: NotedOf, name: string) => valid(notes, `${of} ${name}`, region.nowMs()) ?? {};
  return {
    read: (of, name) => region.run(SHARED, 'notes', () => ({ ...read(of, name) })),
    readSome: (of, name, fields) =>
      region.run(SHARED, 'notes', () => {
        const found = read(of, name);
        return fields.map((field) => (Object.hasOwn(found, field) ? (found[field] ?? null) : null));
      }),
    write: (of, name, fields, keptMs) =>
      region.run(SHARED, 'note', () => {
        const key = `${of} ${name}`;
        const value = { ...read(of, name), ...fields };
        const untilMs = notes.get(key)?.untilMs ?? Number.POSITIVE_INFINITY;
        notes.set(key, { value, untilMs: keptMs === undefined ? untilMs : region.nowMs() + keptMs });
      }),
  };
}
