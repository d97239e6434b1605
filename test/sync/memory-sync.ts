import { onTestFinished, vi } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { Facets } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';
import type { Bus, BusMessage, Delivery } from '../../src/bus/bus.ts';
import { readMessage } from '../../src/bus/envelope.ts';
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { domainsOf } from '../../src/config/topology.ts';
import type { Clock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics, type Metrics } from '../../src/ops/metrics.ts';
import type { LeasedWork, Leases } from '../../src/store/leases.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Apply, Ingest } from '../../src/sync/flow/ingest.ts';
import { leaseOf, Relay } from '../../src/sync/flow/relay.ts';
import { SetAside } from '../../src/sync/flow/set-aside.ts';
import { Freshness } from '../../src/sync/freshness/freshness.ts';
import { Positions } from '../../src/sync/freshness/positions.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';

/** A whole second plus some, so that no event is numbered by chance. */
export const START_MS = Date.UTC(2026, 2, 2) + 123;

/** `crm` and agents of no connection are at home here, `far` in another region; of `cx` a platform tells; `shop` has a domain. */
function configOf(replication: 'refuse' | 'grant'): Config {
  const text = `
region: eu
redis: { nodes: [127.0.0.1:7001], replicas: 1 }
bus: { url: redis://127.0.0.1:6390, partitions: 3 }
regions: { eu: { url: http://127.0.0.1:7402 }, us: { url: http://127.0.0.1:7401 } }
domains: { main: {}, sales: {} }
connections:
  crm: { platform: events, home: eu }
  far: { platform: events, home: us }
  shop: { platform: events, home: eu, domain: sales }
  cx: { platform: cxone, home: eu, clientId: id, clientSecret: secret, accessKeyId: id, accessKeySecret: secret }
claims: { replication: ${replication} }
agents: { unknown: { accept: true, home: eu }, forgetAfterDays: 10 }
`;
  return readConfig(text, 'muster.yaml', {});
}

/** Time passes when a test says so: it sets `ms`, or has timers fire, see {@link holdTime}. */
class HandClock implements Clock {
  ms = START_MS;
  nowMs = (): number => this.ms + (vi.isFakeTimers() ? Number(vi.getMockedSystemTime()) : 0);
  monotonicMs = this.nowMs;
}

/** Until the end of the test, timers fire only while time passes by {@link pass} or {@link until}. */
export function holdTime(): void {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;
  vi.useFakeTimers({ now: 0, toFake: [...toFake], fakeNodeBuiltins: true });
  onTestFinished(() => void vi.useRealTimers());
}

/** Has time pass. Whatever becomes due meanwhile is done when this resolves. */
export const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** Has time pass until something is so. @throws where it is not so after a minute */
export async function until(isSo: () => unknown): Promise<void> {
  for (let passedMs = 0; !(await isSo()); passedMs += 10) {
    if (passedMs > 60_000) throw new Error(`still not so: ${isSo}`);
    await pass(10);
  }
}

/** A bus that keeps what it is given, for whoever wants to see it. */
export class KeepingBus {
  readonly published: { partition: number; message: BusMessage }[] = [];
  readonly letters: BusMessage[] = [];
  handler: (partition: number, batch: Delivery[]) => Promise<void> = async () => undefined;

  async publish(partition: number, messages: BusMessage[]): Promise<void> {
    this.published.push(...messages.map((message) => ({ partition, message })));
  }

  async deadLetter(letter: BusMessage): Promise<void> {
    this.letters.push(letter);
  }

  asBus(): Bus {
    return this as unknown as Bus;
  }
}

interface Options {
  replication?: 'refuse' | 'grant';
  maxOutboxEntries?: number;
}

/** One region on a store in memory: the real way in, the real applying, and what they tell others. */
export class MemorySync {
  readonly clock = new HandClock();
  readonly region = new MemoryRegion({ clock: this.clock });
  readonly bus = new KeepingBus();
  readonly metrics: Metrics = createMetrics('eu');
  readonly #lines: string[] = [];
  readonly log = createLog('debug', 'eu', 'test', { write: (line) => void this.#lines.push(line) });
  readonly config: Config;
  readonly store: MemoryStore;
  readonly positions: Positions;
  readonly freshness: Freshness;
  readonly setAside: SetAside;
  readonly apply: Apply;
  readonly ingest: Ingest;
  readonly atGranter = vi.fn(async () => undefined);
  readonly onConflict = vi.fn();
  readonly heardOfClaims = vi.fn();
  readonly atHome = vi.fn();

  constructor({ replication = 'refuse', maxOutboxEntries }: Options = {}) {
    this.config = configOf(replication);
    this.store = this.open(maxOutboxEntries);
    const { config } = this;
    const shared = { region: 'eu', config, clock: this.clock, log: this.log, metrics: this.metrics, store: this.store };
    this.positions = new Positions(shared);
    this.freshness = new Freshness({ ...shared, host: STEADY_HOST });
    this.setAside = new SetAside({ ...shared, bus: this.bus, instance: 'eu-1' });
    const { atGranter, onConflict, heardOfClaims, atHome } = this;
    this.apply = new Apply({
      ...shared,
      ...{ atGranter, onConflict, heardOfClaims, atHome },
      agents: this.store.agents,
      positions: this.positions,
      history: undefined,
    });
    const { partitions } = config.bus;
    this.ingest = new Ingest({
      ...shared,
      replication,
      apply: this.apply,
      history: undefined,
      bus: this.bus,
      partitions,
      exchange: OLDEST_EXCHANGE,
    });
  }

  /** The store of one more instance. */
  open(maxOutboxEntries?: number): MemoryStore {
    return new MemoryStore(this.region, this.config, maxOutboxEntries);
  }

  /** An instance's share of some work. */
  leases(work: LeasedWork, count: number, instance = 'eu-1', store = this.store): Leases {
    return store.leases({ work, count, instance, ttlMs: 6000, clock: this.clock, log: this.log });
  }

  /** An instance's relay, of the domains that it holds. It is not started. */
  relay(held: () => string[], { store = this.store, bus = this.bus } = {}): Relay {
    return this.relayBy({ held: () => new Set(held().map((domain) => leaseOf(domain, this.config))) }, store, bus);
  }

  /** An instance's relay, of the domains of which it has the leases. It is not started. */
  relayBy(leases: Pick<Leases, 'held'>, store = this.open(), bus = this.bus): Relay {
    const { clock, config, heardOfClaims, log, metrics, setAside } = this;
    const { agents, outbox } = store;
    const shared = {
      config,
      setAside,
      heardOfClaims,
      log,
      metrics,
      clock,
      exchange: OLDEST_EXCHANGE,
      history: undefined,
    };
    return new Relay({ ...shared, outbox, agents, bus, leases, store });
  }

  /** The lines of the log of one event. */
  logged(event: string): Record<string, unknown>[] {
    return this.#lines.map((line) => JSON.parse(line)).filter((line) => line.event === event);
  }

  /** The messages of events that wait in the outbox for the bus, domain by domain. */
  async waiting(): Promise<BusMessage[]> {
    const unread = (domain: string) => this.store.outbox.next(domain, undefined, 1000);
    const all = await Promise.all(domainsOf(this.config).map(unread));
    return all.flatMap((written) =>
      written.evenIfLost().entries.flatMap(({ message }) => (message === undefined ? [] : [readMessage(message)])),
    );
  }

  /** As the store has them, not as an instance remembers them. */
  async facets(agentId: string): Promise<Facets | undefined> {
    return (await this.open().agents.get(agentId))?.facets;
  }

  /** What a counter stands at, by its labels. */
  async counted(name: keyof Metrics & string, labels: Record<string, string> = {}): Promise<number> {
    const { values } = await (this.metrics[name] as Metrics['events']).get();
    const isOne = (of: object) => Object.entries(labels).every(([key, value]) => Reflect.get(of, key) === value);
    return values.filter((each) => isOne(each.labels)).reduce((sum, { value }) => sum + value, 0);
  }

  stop(): void {
    this.positions.stop();
    this.freshness.stop();
    this.setAside.stop();
  }
}

/** An event of an agent, as of `at`. */
export function event(agentId: string, at: number, facets: Facets | 'ON_DUTY' | 'OFF_DUTY' = 'ON_DUTY'): AgentEvent {
  const eventId = `${agentId}-${at}`;
  const told = typeof facets === 'string' ? { presence: { state: facets, at, id: eventId } } : facets;
  return { eventId, agentId, timestampMs: at, region: 'eu', facets: told };
}
