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
import { pairingRulesOf, settleHere } from './settle-here.ts';

interface LapsesOptions {
  region: Region;
  store: Pick<Store, 'calls' | 'leases'>;
  /** Id of this instance. */
  instance: string;
}

/** When the instance that ends a domain's lapsed claims dies, another one takes over after this time, in ms. */
const LEASE_TTL_MS = 2000;
/** How often a domain is searched for lapsed claims, in ms. */
const LOOK_EVERY_MS = 200;
/** Claims that are read and ended together. */
const AT_ONCE = 100;

/** Steps of a sweep through the register of calls in one round, while they find many old entries. */
const MOST_STEPS = 50;
/** Old entries in a step, from which on the next step follows at once. */
const MANY = 50;

/**
 * Ends claims whose time is over, and publishes the lapses. One instance of the region does this for each domain, under a lease.
 * If the platform still reports the interaction as live, the claim is renewed instead. The same instance removes old calls
 * from the register of calls, a part in each round, so that no claim has to.
 */
export class Lapses {
  readonly #options: LapsesOptions;
  readonly #rounds: LeasedRounds;
  /** Where the sweep of each domain's calls goes on. */
  readonly #cursors = new Map<string, string>();

  constructor(options: LapsesOptions) {
    const { region, store, instance } = options;
    const { config, clock, log } = region;
    this.#options = options;
    const domains = domainsOf(config).toSorted();
    const leases = store.leases({ work: 'lapses', count: domains.length, instance, ttlMs: LEASE_TTL_MS, clock, log });
    this.#rounds = new LeasedRounds(leases, LOOK_EVERY_MS, async (held) => {
      await Promise.all(
        [...held].flatMap((number) => {
          const domain = domains[number] as string;
          return [this.#look(domain), this.#sweep(domain)];
        }),
      );
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Ends the lapsed claims of a domain. Never throws: the next round repeats what failed. */
  async #look(domain: string): Promise<void> {
    const { region, store } = this.#options;
    const { log } = region;
    try {
      for (;;) {
        const lapsed = await store.calls.lapsed(domain, AT_ONCE);
        const ended = await Promise.all(lapsed.map((each) => this.#end(each)));
        // Claims that could not be ended are read first again: leave them to the next round.
        if (lapsed.length < AT_ONCE || !ended.includes(true) || this.#rounds.stopping.aborted) return;
      }
    } catch (error) {
      log.debug('expired_claims_not_read', { err: error, domain });
    }
  }

  /** Removes old calls of a domain. Never throws: the next round goes on. */
  async #sweep(domain: string): Promise<void> {
    const { region, store } = this.#options;
    try {
      for (let step = 0; step < MOST_STEPS && !this.#rounds.stopping.aborted; step++) {
        const { cursor, removed } = await store.calls.sweep(domain, this.#cursors.get(domain) ?? '0');
        this.#cursors.set(domain, cursor);
        if (removed < MANY) return;
      }
    } catch (error) {
      this.#cursors.delete(domain);
      region.log.debug('old_calls_not_removed', { err: error, domain });
    }
  }

  /** Ends or renews one claim. Returns whether it did. Never throws: one failure must not stop the others. */
  async #end({ agentId, unit, record }: Lapsed): Promise<boolean> {
    const { region } = this.#options;
    const { config, log } = region;
    const claim = claimOn(record.facets, unit);
    if (!claim) return false;
    try {
      const name = { ...claim, agentId, region: config.region };
      const goesOn = isGoingOn(record.facets, unit, pairingRulesOf(region, agentId));
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
