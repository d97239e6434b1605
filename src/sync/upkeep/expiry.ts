import { randomUUID } from 'node:crypto';
import { interactionsFacet } from '../../agent/facets.ts';
import { RECORD_LIMITS } from '../../agent/limits.ts';
import { isExpired, isForgotten, lostEnds, tombstoneEvent } from '../../agent/merge.ts';
import { isLocked } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainsOf, hasPlatform, homeOfAgent } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Store } from '../../store/store.ts';
import type { Ingest } from '../flow/ingest.ts';
import { DomainChecks } from './domain-checks.ts';

interface ExpiryOptions {
  config: Config;
  instance: string;
  ingest: Ingest;
  store: Pick<Store, 'agents' | 'leases' | 'nowMs'>;
  clock: Clock;
  log: Log;
}

const LOOK_EVERY_MS = 1000;
/** Agents expire after days, so an hourly check is enough. */
const CHECK_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Records for each step. Parsing them blocks other requests. */
const STEP = 100;

/** What happens to an agent's record because of its age. */
type Fate = 'stays' | 'forgotten' | 'removed';

/** Agents without reports for this long are forgotten, in ms. */
export const forgetAfterMs = ({ agents }: Config): number => agents.forgetAfterDays * DAY_MS;

/**
 * Decides whether an agent's record has expired. Only the home forgets an agent without recent reports; agents of a platform
 * are left to its connection, which knows the platform's list. Each region removes the record of a forgotten agent on its
 * own, once reports from before the tombstone are too old to arrive.
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
  return isOurs && isExpired(facets, cutoffMs) ? 'forgotten' : 'stays';
}

/** Counts of forgotten agents, and of removed records. */
type Found = Record<Exclude<Fate, 'stays'>, number>;

/** Forgets expired agents and removes their records: each domain on one instance, once an hour. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #checks: DomainChecks;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#checks = new DomainChecks({
      ...options,
      domains: domainsOf(options.config).toSorted(),
      work: 'expiry',
      lookEveryMs: LOOK_EVERY_MS,
      check: (domain, pace) => this.#check(domain, pace),
      failed: (domain, error) => options.log.debug('expiry_check_failed', { err: error, domain }),
      restMs: () => CHECK_EVERY_MS,
    });
  }

  start(): void {
    this.#checks.start();
  }

  stop(): Promise<void> {
    return this.#checks.stop();
  }

  /** Logs the counts even if the check fails. */
  async #check(domain: string, pace: (records: number) => Promise<void>): Promise<void> {
    const { store, log } = this.#options;
    const found: Found = { forgotten: 0, removed: 0 };
    try {
      for await (const records of store.agents.scan(domain, { step: STEP })) {
        for (const [agentId, record] of records) await this.#see(domain, agentId, record, found);
        await pace(records.length);
      }
    } finally {
      if (found.forgotten + found.removed > 0) log.info('agents_expired', { domain, ...found });
    }
  }

  /** Ends interactions without recent reports: a lost end must not keep an agent busy for ever. */
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
    const { config, ingest, store } = this.#options;
    const nowMs = store.nowMs();
    const fate = fateOf(config, agentId, record, nowMs);
    if (fate === 'stays') return this.#endLost(agentId, record, nowMs);
    if (fate === 'removed' && !(await store.agents.removeForgotten(domain, agentId, record))) return;
    if (fate === 'forgotten') {
      // The tombstone is dated back, so that a report since then that is still on its way counts.
      const tombstone = { at: nowMs - forgetAfterMs(config), id: `forgotten/${randomUUID()}` };
      await ingest.accept(tombstoneEvent(config.region, agentId, tombstone, 'expiry'));
    }
    found[fate] += 1;
  }
}
