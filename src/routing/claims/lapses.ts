import { isGoingOn } from '../../agent/claim.ts';
import { claimOn } from '../../agent/status.ts';
import { domainsOf } from '../../config/topology.ts';
import { LeasedRounds } from '../../store/leases.ts';
import type { Lapsed } from '../../store/queues.ts';
import type { Store } from '../../store/store.ts';
import { isOutage } from '../../sync/flow/outage.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { auditLapse } from './report-lapse.ts';
import { settleHere, tellingOf } from './settle-here.ts';

interface LapsesOptions {
  region: Region;
  store: Pick<Store, 'calls' | 'leases'>;
  /** This one. */
  instance: string;
}

/** A lapse is told within a second; when the instance that looks after it dies, two more pass until a peer does. */
const LEASE_TTL_MS = 2000;
/** How often a domain is looked at: a lapse is told within a second. */
const LOOK_EVERY_MS = 200;
const AT_ONCE = 100;

/**
 * Ends the claims whose time is over, and tells of it: a lapse is nobody's act, so one instance of the region at a time
 * looks after each domain. One whose interaction goes on by the platform's word goes on, too.
 */
export class Lapses {
  readonly #options: LapsesOptions;
  readonly #rounds: LeasedRounds;

  constructor(options: LapsesOptions) {
    const { region, store, instance } = options;
    const { config, clock, log } = region;
    this.#options = options;
    const domains = domainsOf(config).sort();
    const leases = store.leases({ work: 'lapses', count: domains.length, instance, ttlMs: LEASE_TTL_MS, clock, log });
    this.#rounds = new LeasedRounds(leases, LOOK_EVERY_MS, async (held) => {
      await Promise.all([...held].map((number) => this.#look(domains[number] as string)));
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Never throws: what is not told now is told at the next look. */
  async #look(domain: string): Promise<void> {
    const { region, store } = this.#options;
    const { log } = region;
    try {
      for (;;) {
        const lapsed = await store.calls.lapsed(domain, AT_ONCE);
        const ended = await Promise.all(lapsed.map((each) => this.#end(each)));
        // What could not be ended comes first again: it is for the next look.
        if (lapsed.length < AT_ONCE || !ended.includes(true) || this.#rounds.stopping.aborted) return;
      }
    } catch (error) {
      log.debug('expired_claims_not_read', { err: error, domain });
    }
  }

  /** Whether it has ended, or goes on. Never throws: one claim that cannot be ended holds up no other. */
  async #end({ agentId, unit, record }: Lapsed): Promise<boolean> {
    const { region } = this.#options;
    const { config, log } = region;
    const claim = claimOn(record.facets, unit);
    if (!claim) return false;
    try {
      const name = { ...claim, agentId, region: config.region };
      const goesOn = isGoingOn(record.facets, unit, tellingOf(region, agentId));
      const { isMoved } = await settleHere(region, name, goesOn ? 'renew' : 'lapse', record);
      if (isMoved && !goesOn) auditLapse(region, agentId, claim);
      return true;
    } catch (error) {
      const level = error instanceof Refusal || isOutage(error) ? 'debug' : 'warn';
      log[level]('expired_claim_not_ended', { err: error, agent: agentId });
      return false;
    }
  }
}
