import { expect, it } from 'vitest';
import { ShardUnavailable, type Unpublished } from '../../../src/store/store.ts';
import {
  checkDurability,
  isDurableEnough,
  mayBeLost,
  NotReplicated,
  type Written,
} from '../../../src/store/written.ts';
import { Pool, poolConfig } from '../../fixtures/pool.ts';
import { SOON } from '../../fixtures/soon.ts';
import type { Stores } from './harness.ts';

const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;

const durabilityOf = (written: Written<unknown>) =>
  written.match({
    acknowledged: () => 'acknowledged',
    notAcknowledged: () => 'not acknowledged',
    noReplicaConfigured: () => 'no replica configured',
  });

/** What a store says of itself when a replica is silent, or the data cannot be reached. */
export function faultsContract(stores: Stores): void {
  it('a write says whether a replica has acknowledged it, and a repeated one waits again', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const first = await d.write('c');
    expect(durabilityOf(first)).toBe('acknowledged');
    await stores.harness.acknowledge(d.name, false);
    try {
      const again = await d.write('c');
      expect(durabilityOf(again)).toBe('not acknowledged');
      expect([isDurableEnough(again, 'grant'), isDurableEnough(again, 'refuse'), mayBeLost(again)]).toEqual([
        true,
        false,
        true,
      ]);
      expect(checkDurability(again, 'grant').replicated).toBe(false);
      expect(() => checkDurability(again, 'refuse')).toThrow(NotReplicated);
      // Refused or not, it was done.
      expect(again.evenIfLost().fence).toBe(first.evenIfLost().fence);
      const { fence } = first.evenIfLost();
      const request = { agentId, unit: 'voice', fence, callId: 'c', queue: d.queue, move: released };
      const settled = await d.agents.settle(request, await d.record(agentId), 2000);
      expect(settled.kind === 'settled' && durabilityOf(settled.written)).toBe('not acknowledged');
    } finally {
      await stores.harness.acknowledge(d.name, true);
    }
    const affirm = async () => {
      const affirmed = await d.agents.affirm(agentId, await d.record(agentId));
      return affirmed.kind === 'settled' && durabilityOf(affirmed.written);
    };
    await expect.poll(affirm, SOON).toBe('acknowledged');
  });

  it('a read of what is to be published says whether a replica has all of it', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const event = { presence: { state: 'PAUSED', at: 2000, id: 'x' } } as const;
    await stores.harness.acknowledge(d.name, false);
    let published: Unpublished;
    try {
      const written = await d.agents.apply(agentId, event, () => 'm');
      const read = await d.store.outbox.next(d.name, undefined, 10);
      expect([durabilityOf(written), durabilityOf(read)]).toEqual(['not acknowledged', 'not acknowledged']);
      published = read.evenIfLost();
      expect(published.entries).toMatchObject([{ agentId, message: 'm' }]);
    } finally {
      await stores.harness.acknowledge(d.name, true);
    }
    const read = async () => durabilityOf(await d.store.outbox.next(d.name, undefined, 10));
    await expect.poll(read, SOON).toBe('acknowledged');
    expect((await d.store.outbox.next(d.name, published, 10)).evenIfLost()).toMatchObject({ count: 0 });
  });

  it('a change without effect counts as not acknowledged until affirmed', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const change = { presence: { state: 'PAUSED', at: 2000, id: 'x' } } as const;
    expect(durabilityOf(await d.agents.apply(agentId, change))).toBe('acknowledged');
    expect(durabilityOf(await d.agents.apply(agentId, change))).toBe('not acknowledged');
  });

  it('a store without configured replicas says so', async () => {
    const name = 'without';
    const config = poolConfig(name, { replicas: 0 });
    const d = new Pool(name, config, stores.harness.open(config));
    await d.free('a', 1000);
    const written = await d.write('c');
    expect(durabilityOf(written)).toBe('no replica configured');
    expect([isDurableEnough(written, 'refuse'), mayBeLost(written)]).toEqual([true, false]);
    expect(durabilityOf(await d.store.outbox.next(name, undefined, 10))).toBe('no replica configured');
  });

  it('a part that cannot be reached is unavailable, is reported so, and works again afterwards', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const { fence } = await d.claim('c');
    expect(d.store.shardOf(d.name)).toMatchObject({ up: true });
    const giveBack = await stores.harness.takeAway(d.name);
    try {
      const unavailable = { name: ShardUnavailable.name };
      await expect(d.claim('d', { deadlineMs: 300 })).rejects.toMatchObject(unavailable);
      await expect(d.agents.get(agentId)).rejects.toMatchObject(unavailable);
      await expect.poll(() => d.store.shardOf(d.name)?.up, SOON).toBe(false);
      await expect(d.store.changes.latest(d.name)).rejects.toBeInstanceOf(ShardUnavailable);
      await expect(d.store.outbox.next(d.name, undefined, 10)).rejects.toMatchObject(unavailable);
      await expect(d.store.outbox.waiting()).rejects.toMatchObject(unavailable);
    } finally {
      await giveBack();
    }
    await expect.poll(() => d.store.shardOf(d.name)?.up, SOON).toBe(true);
    expect(await d.claim('c')).toMatchObject({ verdict: 'again', fence });
    expect(d.store.shards().every(({ up }) => up)).toBe(true);
  });
}
