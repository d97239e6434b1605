import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { DomainChecks } from '../../src/sync/upkeep/domain-checks.ts';
import { holdTime, MemorySync, pass, until } from './memory-sync.ts';

const DOMAINS = ['main', 'sales'];
const LOOK_MS = 500;
const REST_MS = 60_000;
type Check = (domain: string, pace: (records: number) => Promise<void>, instance: string) => Promise<void>;

let sync: MemorySync;
let all: DomainChecks[];
/** What happened, in order: `begins`, `ends`, or how it failed. */
let told: string[];
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  all = [];
  told = [];
});
afterEach(async () => {
  await Promise.all(all.map((each) => each.stop()));
  sync.stop();
});

function start(work: Check = async () => undefined, instance = 'eu-1'): DomainChecks {
  const checks = new DomainChecks({
    ...{ store: sync.open(), instance, clock: sync.clock, log: sync.log, domains: DOMAINS, work: 'alignments' },
    lookEveryMs: LOOK_MS,
    check: async (domain, pace) => {
      told.push(`${domain} begins`);
      await work(domain, pace, instance);
      told.push(`${domain} ends`);
    },
    failed: (domain, error) => void told.push(`${domain} failed: ${(error as Error).message}`),
    restMs: (tookMs) => REST_MS + tookMs,
  });
  all.push(checks);
  checks.start();
  return checks;
}

const ended = (domain: string): number => told.filter((each) => each === `${domain} ends`).length;

describe('the domains of a region', () => {
  it('are checked one after another, and again when they have rested', async () => {
    start();
    await pass(1000);
    expect(told).toEqual(['main begins', 'main ends', 'sales begins', 'sales ends']);
    await pass(REST_MS - 2000);
    expect(told).toHaveLength(4);
    await pass(2000);
    expect(DOMAINS.map(ended)).toEqual([2, 2]);
  });

  it('rest by how long their check took', async () => {
    start(async (domain) => {
      if (domain === 'main') sync.clock.ms += 5000;
    });
    await pass(1000);
    await pass(REST_MS + 2000);
    expect(DOMAINS.map(ended)).toEqual([1, 2]);
    await pass(5000);
    expect(DOMAINS.map(ended)).toEqual([2, 2]);
  });

  it('are shared by the instances, so that nobody checks what another does', async () => {
    const under = new Set<string>();
    let by: Record<string, string[]> = {};
    const work: Check = async (domain, pace, instance) => {
      expect([...under]).not.toContain(domain);
      under.add(domain);
      await pace(500).finally(() => under.delete(domain));
      by[domain] = [...(by[domain] ?? []), instance];
    };
    start(work);
    start(work, 'eu-2');
    await pass(20_000);
    by = {};
    await pass(REST_MS);
    expect(Object.values(by).flat().sort()).toEqual(['eu-1', 'eu-2']);
    expect(Object.keys(by).sort()).toEqual(DOMAINS);
    expect(told.filter((each) => each.includes('failed'))).toEqual([]);
  });
});

describe('a check', () => {
  it('takes its time by the records that it reads', async () => {
    start(async (domain, pace) => {
      if (domain === 'main') for (let n = 0; n < 10; n++) await pace(1000);
    });
    await pass(1500);
    expect(ended('main')).toBe(0);
    await pass(1000);
    expect(DOMAINS.map(ended)).toEqual([1, 1]);
  });

  it('that reads more slowly than it may does not wait', async () => {
    start(async (_, pace) => {
      sync.clock.ms += 10;
      await pace(1);
    });
    await pass(LOOK_MS);
    expect(DOMAINS.map(ended)).toEqual([1, 1]);
  });

  it('that fails keeps no other domain waiting, and is made again when it has rested', async () => {
    let isBroken = true;
    start(async (domain) => {
      if (domain === 'main' && isBroken) throw new Error('no such record');
    });
    await pass(1000);
    expect(told).toEqual(['main begins', 'main failed: no such record', 'sales begins', 'sales ends']);
    isBroken = false;
    await pass(REST_MS + 1000);
    expect(ended('main')).toBe(1);
  });

  it('ends when another instance may have its domain, is no failure, and is made from the start', async () => {
    start(async (domain, pace) => {
      if (domain === 'main') for (let n = 0; n < 10; n++) await pace(5000);
    });
    await pass(3000);
    sync.region.outages.set(SHARED, 'away');
    await pass(10_000);
    expect(told).toEqual(['main begins']);
    sync.region.outages.clear();
    await until(() => ended('main') > 0);
    expect(told.filter((each) => each.startsWith('main'))).toEqual(['main begins', 'main begins', 'main ends']);
  });

  it('ends early when the instance stops, and gives its domain to another', async () => {
    const checks = start(async (_, pace) => {
      for (let n = 0; n < 1000; n++) await pace(5000);
    });
    await pass(2000);
    await checks.stop();
    expect(told).toEqual(['main begins']);
    start(undefined, 'eu-2');
    await pass(1000);
    expect(DOMAINS.map(ended)).toEqual([1, 1]);
  });
});
