import { afterAll, beforeAll, describe } from 'vitest';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { agentsContract } from './contract/agents.ts';
import { callsContract } from './contract/calls.ts';
import { claimsContract } from './contract/claims.ts';
import { faultsContract } from './contract/faults.ts';
import { fullOutboxContract } from './contract/full-outbox.ts';
import type { StoreHarness, Stores } from './contract/harness.ts';
import { outboxContract } from './contract/outbox.ts';
import { racesContract } from './contract/races.ts';
import { settlementsContract } from './contract/settlements.ts';
import { sharedContract } from './contract/shared.ts';

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
  describe('the outbox', () => outboxContract(stores));
  describe('an outbox beyond its limit', () => fullOutboxContract(stores));
  describe('state outside domains', () => sharedContract(stores));
  describe('durability and outages', () => faultsContract(stores));
  describe('races', () => racesContract(stores));
}
