import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { interactionsFacet } from '../../agent/facets.ts';
import { RECORD_LIMITS } from '../../agent/limits.ts';
import { forgettingOf, isForgotten, isSilent, lostEnds } from '../../agent/merge.ts';
import type { Config } from '../../config/schema.ts';
import { domainsOf, hasPlatform, homeOfAgent } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { isLocked, recordsOf, removeForgotten } from '../../store/forgotten.ts';
import { LEASES } from '../../store/record/keys.ts';
import type { AgentRecord } from '../../store/record/record.ts';
import type { Cluster } from '../../store/redis/cluster.ts';
import { createLeases, type Leases } from '../../store/redis/leases.ts';
import type { Ingest } from '../flow/ingest.ts';

interface ExpiryOptions {
  cluster: Cluster;
  config: Config;
  instance: string;
  ingest: Ingest;
  /** The store's clock, in ms. */
  store: { nowMs(): number };
  clock: Clock;
  log: Log;
}

const LEASE_TTL_MS = 6000;
const LOOK_EVERY_MS = 1000;
/** What is looked for takes days to come about. */
const CHECK_EVERY_MS = 3_600_000;
/** A domain of a million agents is looked through in the background of its callers, in some minutes. */
const RECORDS_PER_SECOND = 5000;
const DAY_MS = 86_400_000;

/** What is to become of an agent's record by time alone. */
type Fate = 'stays' | 'forgotten' | 'removed';

/** Nobody has spoken for so long of an agent who is forgotten, in ms. */
export const forgetAfterMs = ({ agents }: Config): number => agents.forgetAfterDays * DAY_MS;

/**
 * The home alone forgets an agent of whom nobody speaks; of a platform's agents its connection sees to that, which knows
 * whom the platform lists. What is left of one who was forgotten each region removes by itself, when any word of before
 * would be too old to count.
 */
export function fateOf(config: Config, agentId: string, record: AgentRecord, nowMs: number): Fate {
  if (isLocked(record, nowMs)) return 'stays';
  const cutoffMs = nowMs - forgetAfterMs(config);
  const { facets } = record;
  const { forgotten } = facets;
  if (forgotten && isForgotten(facets)) {
    return forgotten.at <= cutoffMs - forgetAfterMs(config) ? 'removed' : 'stays';
  }
  const isOurs = homeOfAgent(config, agentId) === config.region && !hasPlatform(config, agentId);
  return isOurs && isSilent(facets, cutoffMs) ? 'forgotten' : 'stays';
}

/** How many agents were forgotten, and how many records of such agents taken out of the store. */
type Found = Record<Exclude<Fate, 'stays'>, number>;

/** Ends a check that is not this instance's any more. */
class HandedOver extends Error {}

/** Sees to it that nobody is kept for ever: each domain on one instance, once an hour. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #domains: string[];
  readonly #leases: Leases;
  /** Monotonic ms from which a domain is looked through again. */
  readonly #dueMs = new Map<number, number>();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#domains = domainsOf(options.config).sort();
    this.#leases = createLeases({
      ...options,
      run: (script, keys, args) => options.cluster.run(script, keys, args),
      prefix: LEASES.expiry,
      count: this.#domains.length,
      ttlMs: LEASE_TTL_MS,
    });
  }

  start(): void {
    this.#leases.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#leases.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const number of this.#leases.held()) {
        if ((this.#dueMs.get(number) ?? 0) <= this.#options.clock.monotonicMs()) await this.#check(number);
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // it is to stop
    }
  }

  /** Never throws: what is not done now is done at the next check. */
  async #check(number: number): Promise<void> {
    const { cluster, clock, log } = this.#options;
    const domain = this.#domains[number] as string;
    const found: Found = { forgotten: 0, removed: 0 };
    try {
      const startedMs = clock.monotonicMs();
      let read = 0;
      for await (const records of recordsOf(cluster, domain)) {
        for (const [agentId, record] of records) await this.#see(domain, agentId, record, found);
        read += records.length;
        await this.#pace(number, startedMs + (read / RECORDS_PER_SECOND) * 1000);
      }
    } catch (error) {
      if (error instanceof HandedOver) return;
      log.debug('expiry_check_failed', { err: error, domain });
    }
    if (found.forgotten + found.removed > 0) log.info('agents_expired', { domain, ...found });
    this.#dueMs.set(number, clock.monotonicMs() + CHECK_EVERY_MS);
  }

  /** Ends what nobody has spoken of for long: an end that was lost must not keep anybody busy for ever. */
  async #endLost(agentId: string, { facets }: AgentRecord, nowMs: number): Promise<void> {
    const { config, ingest } = this.#options;
    const { region } = config;
    if (homeOfAgent(config, agentId) !== region || hasPlatform(config, agentId)) return;
    const ends = lostEnds(facets, nowMs).slice(0, RECORD_LIMITS.interactions.most);
    if (ends.length === 0) return;
    const [{ id: eventId } = { id: agentId }] = ends;
    await ingest.accept({
      ...{ eventId, agentId, timestampMs: nowMs, region, source: 'unheard' },
      facets: interactionsFacet(...ends),
    });
  }

  async #see(domain: string, agentId: string, record: AgentRecord, found: Found): Promise<void> {
    const { cluster, config, ingest, store } = this.#options;
    const nowMs = store.nowMs();
    const fate = fateOf(config, agentId, record, nowMs);
    if (fate === 'stays') return this.#endLost(agentId, record, nowMs);
    if (fate === 'removed' && !(await removeForgotten(cluster, domain, agentId, record))) return;
    if (fate === 'forgotten') {
      // Not now, but the time that has to pass: a word of since then that is still on its way counts.
      const tombstone = { at: nowMs - forgetAfterMs(config), id: `forgotten/${randomUUID()}` };
      await ingest.accept(forgettingOf(config.region, agentId, tombstone, 'expiry'));
    }
    found[fate] += 1;
  }

  async #pace(number: number, dueMs: number): Promise<void> {
    const { signal } = this.#stopping;
    const aheadMs = dueMs - this.#options.clock.monotonicMs();
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined); // it is to stop
    if (signal.aborted || !this.#leases.held().has(number)) throw new HandedOver();
  }
}
