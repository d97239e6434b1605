import { afterEach, describe, expect, it } from 'vitest';
import { type Bus, type BusMessage, BusUnavailable } from '../../src/bus/bus.ts';
import { writeFields } from '../../src/bus/envelope.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import type { Leases } from '../../src/store/leases.ts';
import type { Outbox, OutboxEntry } from '../../src/store/store.ts';
import { Relay } from '../../src/sync/flow/relay.ts';
import { SOON } from '../fixtures/soon.ts';

let relay: Relay;
afterEach(() => relay.stop());

const entry = (n: number): OutboxEntry => ({
  id: `1-${n}`,
  fields: writeFields({ key: 'crm:ann', headers: {}, value: `${n}` }),
});

/** A relay of one partition, with an outbox of so many entries, on a bus that takes what it likes. */
async function start(count: number, refuses: (messages: BusMessage[]) => Error | undefined) {
  let entries = Array.from({ length: count }, (_, n) => entry(n));
  const published: string[] = [];
  const letters: string[] = [];
  const outbox = {
    hear: async () => undefined,
    announce: async () => undefined,
    oldest: async (_: number, most: number) => entries.slice(0, most),
    remove: async (_: number, ids: string[]) => {
      entries = entries.filter(({ id }) => !ids.includes(id));
    },
  };
  const bus = {
    publish: async (_: number, messages: BusMessage[]) => {
      const refusal = refuses(messages);
      if (refusal) throw refusal;
      published.push(...messages.map(({ value }) => value));
    },
  };
  relay = new Relay({
    outbox: outbox as unknown as Outbox,
    bus: bus as unknown as Bus,
    leases: { held: () => new Set([0]) } as unknown as Leases,
    region: 'eu',
    setAside: {
      letter: async ({ value }, error, place, from) => void letters.push(`${value} ${error} ${place} ${from}`),
    },
    log: createLog('silent', 'eu', 'test'),
    metrics: createMetrics('eu'),
  });
  await relay.start();
  return { published, letters, waiting: () => entries.length };
}

describe('an entry that the bus refuses for good', () => {
  it('becomes a dead letter, and the others are published in order', async () => {
    const refuses = (messages: BusMessage[]) =>
      messages.some(({ value }) => value === '7') ? new TypeError('no such thing') : undefined;
    const { published, letters, waiting } = await start(20, refuses);
    await expect.poll(waiting, SOON).toBe(0);
    expect(published).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`).filter((n) => n !== '7'));
    expect(letters).toEqual(['7 TypeError: no such thing outbox outbox 0, 1-7']);
  });

  it('is not one that failed because the bus is unavailable', async () => {
    let tries = 0;
    const { published, letters, waiting } = await start(3, () =>
      tries++ < 2 ? new BusUnavailable('away') : undefined,
    );
    await expect.poll(waiting, SOON).toBe(0);
    expect(published).toEqual(['0', '1', '2']);
    expect(letters).toEqual([]);
  });
});
