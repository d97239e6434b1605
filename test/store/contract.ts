import { afterAll, beforeAll, describe } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { agentsContract } from './contract/agents.ts';
import { callsContract } from './contract/calls.ts';
import { claimsContract } from './contract/claims.ts';
import { faultsContract } from './contract/faults.ts';
import { racesContract } from './contract/races.ts';
import { settlementsContract } from './contract/settlements.ts';
import { sharedContract } from './contract/shared.ts';

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

/** What every store must do. */
export function storeContract(start: () => Promise<StoreHarness>): void {
  let harness: StoreHarness;
  let pools = 0;
  beforeAll(async () => {
    harness = await start();
  });
  afterAll(() => harness?.stop());
  const stores: Stores = {
    get harness() {
      return harness;
    },
    pool: (ranking = {}) => {
      const name = `pool${pools++}`;
      const config = poolConfig(name, { ranking });
      return new Pool(name, config, harness.open(config));
    },
  };
  describe('agents', () => agentsContract(stores));
  describe('claims', () => claimsContract(stores));
  describe('settlements', () => settlementsContract(stores));
  describe('calls and changes', () => callsContract(stores));
  describe('what is of no domain', () => sharedContract(stores));
  describe('durability and outages', () => faultsContract(stores));
  describe('races', () => racesContract(stores));
}
