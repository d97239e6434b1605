import { randomUUID } from 'node:crypto';
import { interactionsFacet } from '../../agent/facets.ts';
import { RECORD_LIMITS } from '../../agent/limits.ts';
import { forgettingOf, isForgotten, isSilent, lostEnds } from '../../agent/merge.ts';
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
/** What is looked for takes days to come about. */
const CHECK_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Records read in one step: their JSON is parsed at once, and callers wait meanwhile. */
const STEP = 100;

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

/** Sees to it that nobody is kept for ever: each domain on one instance, once an hour. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #checks: DomainChecks;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#checks = new DomainChecks({
      ...options,
      domains: domainsOf(options.config).sort(),
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

  /** What was found before a check ended is told, however it ended. */
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
    const { config, ingest, store } = this.#options;
    const nowMs = store.nowMs();
    const fate = fateOf(config, agentId, record, nowMs);
    if (fate === 'stays') return this.#endLost(agentId, record, nowMs);
    if (fate === 'removed' && !(await store.agents.removeForgotten(domain, agentId, record))) return;
    if (fate === 'forgotten') {
      // Not now, but the time that has to pass: a word of since then that is still on its way counts.
      const tombstone = { at: nowMs - forgetAfterMs(config), id: `forgotten/${randomUUID()}` };
      await ingest.accept(forgettingOf(config.region, agentId, tombstone, 'expiry'));
    }
    found[fate] += 1;
  }
}
