import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import { AGENT_CHANGED, openMessage, originOf } from '../../src/bus/envelope.ts';
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { domainsOf } from '../../src/config/topology.ts';
import { ClaimIds } from '../../src/contract/claim-ids.ts';
import type { AuditRecord } from '../../src/ops/audit.ts';
import { createLog } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { conflictReporter } from '../../src/routing/claims/conflict.ts';
import { followPlatform } from '../../src/routing/claims/follow-platform.ts';
import { OneCall } from '../../src/routing/claims/one-call.ts';
import { RetrySlots } from '../../src/routing/claims/retry-slots.ts';
import type { Peers } from '../../src/routing/peers/peers.ts';
import { ReadThrough } from '../../src/routing/read-through/read-through.ts';
import type { Region } from '../../src/routing/region.ts';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Apply, Ingest } from '../../src/sync/flow/ingest.ts';
import { Relay } from '../../src/sync/flow/relay.ts';
import { SetAside } from '../../src/sync/flow/set-aside.ts';
import { Freshness } from '../../src/sync/freshness/freshness.ts';
import { Positions } from '../../src/sync/freshness/positions.ts';
import { STEADY_HOST } from '../fixtures/steady-host.ts';
import { FakePlatform } from './fake-platform.ts';
import { NearPeers } from './near-peers.ts';

export const START_MS = Date.UTC(2026, 0, 1);
const NAMES = ['eu', 'us'] as const;
type Name = (typeof NAMES)[number];

/** Time that passes when a test says so, the same for all regions. */
export class HandClock {
  #ms = START_MS;
  readonly nowMs = (): number => this.#ms;
  readonly monotonicMs = (): number => this.#ms;

  pass(ms: number): void {
    this.#ms += ms;
  }
}

/** A region without a server, a bus and Redis: all else in it is real. */
export interface TestRegion {
  name: Name;
  region: Region;
  store: MemoryStore;
  memory: MemoryRegion;
  /** Stands for the other region's instances, seen from this one. */
  peers: NearPeers;
  /** Every connection with a platform that is read. */
  platform: FakePlatform;
  oneCall: OneCall;
  audited: AuditRecord[];
  /** What it has logged, of every level. */
  logged: Record<string, unknown>[];
  apply: Apply;
  /** Called as the store is about to do something, and again when it has, with e.g. `claim asked`. */
  during: { turn?: (at: string) => unknown };
}

export interface MemoryRegions {
  eu: TestRegion;
  us: TestRegion;
  clock: HandClock;
  /** Each region hears that the other is well. */
  freshen(): Promise<void>;
  /** Carries over the bus what `from` has published, and keeps the order. */
  carry(from: Name): Promise<void>;
}

/** What connections there are: `desk` and `away` without a platform; the others on one that is read. */
const CONNECTIONS = {
  desk: { platform: 'events', home: 'eu' },
  away: { platform: 'events', home: 'us' },
  shop: { platform: 'events', home: 'eu', domain: 'sales' },
  near: { platform: 'genesys', home: 'eu' },
  far: { platform: 'genesys', home: 'us', authority: 'verify' },
  strict: { platform: 'genesys', home: 'us', authority: 'refuse' },
};

function configOf(region: Name, claims: object, partitions: number) {
  const account = { loginUrl: 'http://127.0.0.1:5', apiUrl: 'http://127.0.0.1:5', clientId: 'id', clientSecret: 's' };
  const connections = Object.entries(CONNECTIONS).map(([name, each]) => {
    return [name, each.platform === 'genesys' ? { ...each, ...account } : each];
  });
  const settings = {
    region,
    redis: { nodes: ['127.0.0.1:1'], replicas: 1 },
    bus: { url: 'redis://127.0.0.1:2', partitions },
    regions: { eu: { url: 'http://127.0.0.1:3' }, us: { url: 'http://127.0.0.1:4' } },
    domains: { main: {}, sales: {} },
    connections: Object.fromEntries(connections),
    queues: {
      support: { unites: QUEUES, wrapUp: { rule: 'timed', seconds: 30 } },
      deals: { domain: 'sales', unites: ['shop:q'] },
    },
    claims: { heldMs: 10_000, ...claims },
  };
  return readConfig(JSON.stringify(settings), 'test', {});
}

const QUEUES = ['desk', 'away', 'near', 'far', 'strict'].map((name) => `${name}:q`);

interface Options {
  /** Settings of claims. */
  claims?: object;
  /** Of the bus; messages are carried on the first only. */
  partitions?: number;
}

export async function memoryRegions({ claims = {}, partitions = 1 }: Options = {}): Promise<MemoryRegions> {
  const clock = new HandClock();
  const eu = assemble('eu', clock, configOf('eu', claims, partitions));
  const us = assemble('us', clock, configOf('us', claims, partitions));
  eu.peers.others.set('us', us.region);
  us.peers.others.set('eu', eu.region);
  let beat = 0;
  const freshen = async (): Promise<void> => {
    beat += 2;
    for (const [{ region }, other] of [[eu, 'us'] as const, [us, 'eu'] as const]) {
      region.freshness.ask(other)(beat);
      const stamp = {
        beat: beat + 1,
        writer: other,
        steadyMs: clock.monotonicMs(),
        leaving: false,
        exchange: OLDEST_EXCHANGE,
      };
      for (const domain of domainsOf(region.config)) {
        for (let partition = 0; partition < partitions; partition++) {
          await region.freshness.advance({ ...stamp, region: other, domain, timestampMs: clock.nowMs() }, partition);
        }
      }
    }
  };
  await freshen();
  const carry = (from: Name): Promise<void> => carryBetween(from === 'eu' ? eu : us, [eu, us], clock);
  return { eu, us, clock, freshen, carry };
}

/** As relays and appliers do: a region's own messages are not applied again. */
async function carryBetween(from: TestRegion, all: TestRegion[], clock: HandClock): Promise<void> {
  const published: { partition: number; message: BusMessage }[] = [];
  const relay = new Relay({
    ...from.region,
    exchange: OLDEST_EXCHANGE,
    outbox: from.store.outbox,
    bus: {
      publish: async (partition, messages) =>
        void published.push(...messages.map((message) => ({ partition, message }))),
    },
    leases: { held: () => new Set([0]) },
    heardOfClaims: (...heard) => from.oneCall.heard(...heard),
  });
  for (const domain of domainsOf(from.region.config)) await relay.flush(domain);
  await relay.stop();
  for (const { partition, message } of published) {
    const envelope = openMessage(message, clock.nowMs());
    for (const { apply, region, name } of all) {
      if (name === from.name) continue;
      if (envelope.type === AGENT_CHANGED) (await apply.fromBus(envelope.event)).evenIfLost();
      const origin = originOf(message);
      if (origin) region.positions.reached(origin, partition);
    }
  }
}

/** As src/serve/sync.ts does. */
function assemble(name: Name, clock: HandClock, config: Config): TestRegion {
  const during: TestRegion['during'] = {};
  const memory = new MemoryRegion({ clock, scheduler: { turn: async (at) => void (await during.turn?.(at)) } });
  const store = new MemoryStore(memory, config);
  const audited: AuditRecord[] = [];
  const logged: TestRegion['logged'] = [];
  const ground = {
    config,
    clock,
    store,
    log: createLog('debug', name, 'test', { write: (line) => void logged.push(JSON.parse(line)) }),
    metrics: createMetrics(name),
    history: undefined,
    audit: { record: (record: AuditRecord) => void audited.push(record), close() {} },
  };
  const { agents } = store;
  const { partitions } = config.bus;
  const positions = new Positions(ground);
  const setAside = new SetAside({ ...ground, bus: { deadLetter: async () => undefined }, region: name, instance: 'i' });
  const reportConflict = conflictReporter();
  const apply = new Apply({
    ...ground,
    agents,
    positions,
    atGranter: (event, record) => followPlatform(region, event, record),
    onConflict: (agentId, conflict) => reportConflict(region, agentId, conflict),
    heardOfClaims: (agentId, home, heard) => oneCall.heard(agentId, home, heard),
    atHome: () => undefined,
  });
  const { replication } = config.claims;
  const bus = { publish: async () => undefined };
  const ingest = new Ingest({
    ...ground,
    region: name,
    replication,
    apply,
    bus,
    partitions,
    exchange: OLDEST_EXCHANGE,
  });
  const freshness = new Freshness({ ...ground, host: STEADY_HOST });
  const platform = new FakePlatform();
  const platforms = new Map(['near', 'far', 'strict'].map((connection) => [connection, platform]));
  const peers = new NearPeers(name);
  const region: Region = {
    ...ground,
    ...store,
    store,
    agents,
    positions,
    setAside,
    ingest,
    freshness,
    platforms,
    peers: peers as Pick<Peers, keyof NearPeers & keyof Peers> as Peers,
    claimIds: new ClaimIds(['a key that both regions know']),
    retrySlots: new RetrySlots({ perMinute: 60, instances: () => 1, clock }),
    readThrough: new ReadThrough({ ...ground, readers: platforms, agents, ingest, freshness }),
  };
  const oneCall = new OneCall(region);
  return { name, region, store, memory, peers, platform, oneCall, audited, logged, apply, during };
}
