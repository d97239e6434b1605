import { describe, expect, it } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import { type BatchHandler, type BusMessage, BusUnavailable, type Delivery } from '../../src/bus/bus.ts';
import { type DeadLetter, openLetter } from '../../src/bus/dead-letter.ts';
import { type Heartbeat, type Origin, sealEvent, sealHeartbeat, withOrigin } from '../../src/bus/envelope.ts';
import type { Config } from '../../src/config/schema.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { type Outbox, ShardUnavailable } from '../../src/store/store.ts';
import { NotReplicated, Written } from '../../src/store/written.ts';
import { Applier } from '../../src/sync/flow/applier.ts';
import type { Apply } from '../../src/sync/flow/ingest.ts';
import { SetAside } from '../../src/sync/flow/set-aside.ts';
import type { Freshness } from '../../src/sync/freshness/freshness.ts';
import type { Positions } from '../../src/sync/freshness/positions.ts';

const NOW_MS = systemClock.nowMs();
const log = createLog('silent', 'eu', 'test');

function event(agentId: string, n: number): AgentEvent {
  const eventId = `${agentId}-${n}`;
  const presence = { state: 'ON_DUTY' as const, at: NOW_MS, id: eventId };
  return { eventId, agentId, timestampMs: NOW_MS, region: 'us', facets: { presence } };
}
const message = (agentId: string, n = 1): BusMessage =>
  sealEvent(event(agentId, n), { status: 'AVAILABLE' }, NOW_MS, OLDEST_EXCHANGE.sends);
const ORIGIN: Origin = { region: 'us', domain: 'main', storeId: 'store-1', position: `${NOW_MS}-0` };
const beat = (domain = 'main', number = NOW_MS): BusMessage => {
  const heartbeat: Heartbeat = {
    region: 'us',
    domain,
    beat: number,
    writer: 'us-1',
    steadyMs: 5,
    timestampMs: NOW_MS,
    leaving: false,
    exchange: OLDEST_EXCHANGE,
  };
  return withOrigin(sealHeartbeat(heartbeat, 3), { ...ORIGIN, domain });
};
const JUNK: BusMessage = { key: 'crm:junk', headers: { ce_id: 'junk-1' }, value: '{' };

/** An applier on a bus that is fed by hand. */
class Bench {
  readonly letters: DeadLetter[] = [];
  readonly applied: string[] = [];
  readonly ensured: string[] = [];
  readonly reached: string[] = [];
  readonly beats: string[] = [];
  readonly metrics = createMetrics('eu');
  /** What goes wrong with an event, if anything. */
  fails: (event: AgentEvent) => unknown = () => undefined;
  failsToEnsure: (events: AgentEvent[]) => unknown = () => undefined;
  failsToKeep: () => unknown = () => undefined;
  /** Whether the store has what this region has published. */
  has: () => boolean | Promise<boolean> = () => true;
  durability: 'acknowledged' | 'not-acknowledged' = 'acknowledged';
  #handler: BatchHandler = async () => undefined;

  constructor() {
    const bus = {
      consume: (handler: BatchHandler) => {
        this.#handler = handler;
      },
      deadLetter: async (letter: BusMessage) => {
        throwIf(this.failsToKeep());
        this.letters.push(openLetter(letter));
      },
    };
    const apply = {
      fromBus: async (each: AgentEvent) => {
        throwIf(this.fails(each));
        this.applied.push(each.eventId);
        return new Written({ outcome: 'applied' }, this.durability);
      },
      ensureReplicated: async (_: string, events: AgentEvent[]) => {
        throwIf(this.failsToEnsure(events));
        this.ensured.push(...events.map(({ eventId }) => eventId));
      },
    };
    const notes = { read: async () => ({}), readSome: async () => [], write: async () => undefined };
    const shared = { region: 'eu', log, metrics: this.metrics };
    const setAside = new SetAside({ ...shared, bus, store: { notes }, instance: 'eu-1', clock: systemClock });
    const config = { connections: {}, agents: { unknown: { accept: true, home: 'eu' } } } as unknown as Config;
    const applier = new Applier({
      ...shared,
      config,
      bus: bus as never,
      apply: apply as unknown as Apply,
      setAside,
      positions: {
        reached: ({ region, domain, position }: Origin, n: number) =>
          this.reached.push(`${region} ${domain}/${n} ${position}`),
      } as unknown as Positions,
      freshness: {
        advance: async (heartbeat: Heartbeat) => void this.beats.push(`${heartbeat.domain} ${heartbeat.beat}`),
      } as unknown as Freshness,
      replication: 'refuse',
      store: { ...systemClock, outbox: { has: async () => this.has() } as unknown as Outbox },
      history: undefined,
    });
    applier.start();
  }

  take(...messages: BusMessage[]): Promise<void> {
    const batch: Delivery[] = messages.map((each, i) => ({ ...each, position: `1-${i}` }));
    return this.#handler(3, batch);
  }
}

function throwIf(error: unknown): void {
  if (error !== undefined) throw error;
}

describe('a message that cannot be read or applied', () => {
  it('becomes a dead letter with reason, stack and place, and the other messages are applied', async () => {
    const bench = new Bench();
    bench.fails = ({ eventId }) => (eventId === 'crm:ann-2' ? new URIError('URI malformed') : undefined);
    await bench.take(
      message('crm:ann', 1),
      JUNK,
      message('crm:ann', 2),
      message('crm:ann', 3),
      message('crm:bob'),
      beat(),
    );
    expect(bench.applied.toSorted()).toEqual(['crm:ann-1', 'crm:ann-3', 'crm:bob-1']);
    expect(bench.letters).toMatchObject([
      { message: JUNK, reason: '/ is not JSON', region: 'eu', from: 'bus partition 3, 1-1' },
      { message: message('crm:ann', 2), reason: 'URIError: URI malformed', from: 'bus partition 3, 1-2' },
    ]);
    expect(bench.letters.map(({ stack }) => stack?.includes('URIError: URI malformed'))).toEqual([undefined, true]);
    expect(bench.beats).toEqual([`main ${NOW_MS}`]);
    expect(bench.reached).toEqual([`us main/3 ${NOW_MS}-0`]);
  });

  it('is counted once', async () => {
    const bench = new Bench();
    await bench.take(JUNK);
    expect((await bench.metrics.setAside.get()).values).toMatchObject([{ labels: { place: 'bus' }, value: 1 }]);
    expect((await bench.metrics.events.get()).values).toMatchObject([{ labels: { outcome: 'dead_letter' }, value: 1 }]);
  });

  it('is found among several that no replica had acknowledged', async () => {
    const bench = new Bench();
    bench.durability = 'not-acknowledged';
    bench.failsToEnsure = (events) =>
      events.some(({ eventId }) => eventId === 'crm:ann-2') ? new TypeError('no record') : undefined;
    await bench.take(message('crm:ann', 1), message('crm:ann', 2), message('crm:ann', 3));
    expect(bench.ensured).toEqual(['crm:ann-1', 'crm:ann-3']);
    expect(bench.letters).toMatchObject([{ message: message('crm:ann', 2), reason: 'TypeError: no record' }]);
  });

  it('does not stop the partition if the bus refuses the dead letter, too', async () => {
    const bench = new Bench();
    bench.failsToKeep = () => new RangeError('too long');
    await bench.take(message('crm:ann'), JUNK, message('crm:bob'), beat());
    expect(bench.applied.toSorted()).toEqual(['crm:ann-1', 'crm:bob-1']);
    expect(bench.beats).toEqual([`main ${NOW_MS}`]);
  });
});

describe('an outage', () => {
  it.each([new ShardUnavailable('down'), new NotReplicated(), new BusUnavailable('away')])(
    'repeats the batch, and makes no dead letter: $name',
    async (outage) => {
      const bench = new Bench();
      bench.fails = ({ agentId }) => (agentId === 'crm:ann' ? outage : undefined);
      await expect(bench.take(message('crm:ann'), message('crm:bob'), beat())).rejects.toThrow(outage);
      expect(bench.letters).toEqual([]);
      expect([...bench.beats, ...bench.reached]).toEqual([]);
      bench.fails = () => undefined;
      await bench.take(message('crm:ann'), message('crm:bob'), beat());
      expect(bench.applied).toContain('crm:ann-1');
      expect(bench.beats).toEqual([`main ${NOW_MS}`]);
    },
  );

  it('during the wait for a replica makes no dead letter', async () => {
    const bench = new Bench();
    bench.durability = 'not-acknowledged';
    bench.failsToEnsure = () => new NotReplicated();
    await expect(bench.take(message('crm:ann', 1), message('crm:ann', 2))).rejects.toThrow(NotReplicated);
    expect(bench.letters).toEqual([]);
  });

  it('of the bus loses no dead letter', async () => {
    const bench = new Bench();
    bench.failsToKeep = () => new BusUnavailable('away');
    await expect(bench.take(JUNK, beat())).rejects.toThrow(BusUnavailable);
    expect(bench.beats).toEqual([]);
    bench.failsToKeep = () => undefined;
    await bench.take(JUNK, beat());
    expect(bench.letters).toHaveLength(1);
  });

  it('does not write a dead letter twice', async () => {
    const bench = new Bench();
    bench.fails = () => new ShardUnavailable('down');
    for (let tries = 0; tries < 3; tries++) await expect(bench.take(JUNK, message('crm:ann'))).rejects.toThrow();
    bench.fails = () => undefined;
    await bench.take(JUNK, message('crm:ann'));
    expect(bench.letters).toHaveLength(1);
  });
});

describe('a batch', () => {
  it('records where its messages come from, in their order, and of each domain the latest heartbeat', async () => {
    const bench = new Bench();
    const at = (n: number, position: string) => withOrigin(message('crm:ann', n), { ...ORIGIN, position });
    await bench.take(
      at(1, '7-0'),
      message('crm:bob'),
      beat('main', 5),
      beat('sales', 6),
      at(2, '7-1'),
      beat('main', 8),
      // Published again, after a newer one.
      beat('main', 7),
    );
    expect(bench.applied.toSorted()).toEqual(['crm:ann-1', 'crm:ann-2', 'crm:bob-1']);
    expect(bench.reached.filter((each) => each.includes(' 7-'))).toEqual(['us main/3 7-0', 'us main/3 7-1']);
    expect(bench.beats.toSorted()).toEqual(['main 8', 'sales 6']);
  });

  it('waits while it is unknown whether the store has what this region has published', async () => {
    const bench = new Bench();
    const own = withOrigin(message('crm:ann', 1), { ...ORIGIN, region: 'eu' });
    bench.has = () => Promise.reject(new ShardUnavailable('down'));
    await expect(bench.take(own, message('crm:bob'), beat())).rejects.toThrow(ShardUnavailable);
    expect([...bench.beats, ...bench.reached, ...bench.letters]).toEqual([]);
    // It is a question of own messages alone.
    await bench.take(message('crm:bob'), beat());
    bench.has = () => false;
    await bench.take(own);
    expect(bench.applied).toEqual(['crm:bob-1', 'crm:ann-1']);
  });
});
