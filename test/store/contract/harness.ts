import type { Config } from '../../../src/config/schema.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Pool } from '../../fixtures/pool.ts';

/** What a store must provide to be put through the contract. */
export interface StoreHarness {
  /** The store of one more instance of the config's region. */
  open(config: Config, maxOutboxEntries?: number): Store;
  /** Lets so much time pass by the store's clock, in ms; few where that is real. */
  pass(ms: number): Promise<void>;
  /** Whether replicas acknowledge from now on what is written in a domain. */
  acknowledge(domain: string, does: boolean): Promise<void>;
  /** Takes the part away that holds a domain; what it answers gives it back. */
  takeAway(domain: string): Promise<() => Promise<void>>;
  /** The seeds of races, each of which is run once. */
  seeds: readonly number[];
  /** Interleaves by this seed from now on, where the store can. */
  seed(seed: number): void;
  stop(): Promise<void>;
}

/** How the parts of the suite come to stores. */
export interface Stores {
  harness: StoreHarness;
  /** A domain of its own. */
  pool(ranking?: Partial<Config['ranking']>): Pool;
}
