import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from '../../agent/exchange.ts';
import type { Claim } from '../../agent/facets.ts';
import type { Bus, BusMessage } from '../../bus/bus.ts';
import { partitionOf, readMessage, withOrigin } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { History } from '../../ops/history.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Leases } from '../../store/leases.ts';
import { type Agents, isAtLeast, type Outbox, type OutboxEntry, type Unpublished } from '../../store/store.ts';
import { isDurableEnough, NotReplicated, type Written } from '../../store/written.ts';
import { claimEvent, messageOfClaim } from './messages.ts';
import { isOutage } from './outage.ts';
import type { SetAside } from './set-aside.ts';

interface RelayOptions {
  outbox: Outbox;
  agents: Pick<Agents, 'recall'>;
  bus: Pick<Bus, 'publish'>;
  /** Leases of the domains that this instance relays, see {@link leaseOf}. */
  leases: Pick<Leases, 'held'>;
  config: Config;
  /** The format of messages. */
  exchange: Pick<Exchange, 'sends'>;
  setAside: Pick<SetAside, 'letter' | 'tell'>;
  log: Log;
  metrics: Metrics;
  /** Undefined if no history is written. */
  history: History | undefined;
  /** Called with each claim that is published: the same call may have another claim in another domain. */
  heardOfClaims(agentId: string, home: string, claims: Claim[]): void;
  store: { nowMs(): number };
  clock: Clock;
}

const BATCH = 500;
/** How often each domain is read even without a signal, in case one was lost. */
const LOOK_EVERY_MS = 1000;
/** How long signals for other instances' domains gather until it looks whether a lease has come. */
const LOOK_SOON_MS = 100;
const MAX_BACKOFF_MS = 2000;
/** How long a stopping relay may go on publishing; the region's next relay publishes the rest. */
const STOP_LIMIT_MS = 5000;

/** The bus did not take what was published; `cause` is its error. */
class BusFailed extends Error {
  override name = 'BusFailed';
}

/** A request to hear when all that a domain holds now is published. */
interface Flush {
  /** The latest change as read after the request. */
  until?: string;
  resolve(flushed: Flushed | undefined): void;
}

/** Everything up to this position of a domain is published. */
export type Flushed = Pick<Unpublished, 'storeId'> & { position: string };

/** Number of the lease that a domain needs to be relayed. It does not depend on what other domains the config has. */
export const leaseOf = (domain: string, { bus }: Config): number => partitionOf(domain, bus.partitions);

/**
 * Publishes what is this region's own to publish in the change streams, in order, and then passes it. For each domain:
 *
 *   waiting ──append, or time──► reading ──durable──► publishing ──confirmed──► reading behind it
 *                                  │ nothing new          │ bus or store unavailable, or no replica has it
 *                                  └──► waiting           └──► backing off (to 2 s) ──► reading
 *
 * The read behind a batch passes it; a single change costs one read. A message that the bus refuses for good becomes a dead letter;
 * other regions never receive it. When a lease changes hands, two relays may publish the same changes. That does no harm, because
 * versions decide.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #backingOff = new Set<string>();
  /** Domains with something appended since they were last read. */
  readonly #news = new Set<string>();
  /** What is published and not passed yet, by domain. */
  readonly #published = new Map<string, Unpublished>();
  readonly #flushes = new Map<string, Flush[]>();
  #timer: NodeJS.Timeout | undefined;
  #inheritsAll = false;
  /** Domains that were signalled and were another instance's at the last look. */
  readonly #signalled = new Set<string>();
  #looksSoon: NodeJS.Timeout | undefined;
  #stopped = false;
  #isBusAway = false;
  /** Domains that could not be read. */
  readonly #unread = new Set<string>();

  constructor(options: RelayOptions) {
    this.#options = options;
    options.outbox.onAppend = (domain) => this.#poke(domain);
  }

  /** @throws ShardUnavailable */
  async start(): Promise<void> {
    await this.#options.outbox.hear((domain) => this.#heard(domain));
    this.#timer = setInterval(() => this.#pokeAll(), LOOK_EVERY_MS);
    this.#pokeAll();
  }

  /** From now on it publishes all domains, because no other instance is left to do so. */
  inherit(): void {
    this.#inheritsAll = true;
  }

  /** Publishes what it can, then stops; the region's next relay publishes the rest. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#looksSoon);
    this.#pokeAll();
    const done = new AbortController();
    const late = delay(STOP_LIMIT_MS, undefined, { signal: done.signal }).catch(() => undefined);
    const drained = async (): Promise<void> => {
      while (this.#running.size > 0) await Promise.all(this.#running.values());
      await this.#passAll();
    };
    await Promise.race([drained(), late]);
    done.abort();
    this.#stopped = true;
    for (const domain of this.#flushes.keys()) this.#flushed(domain, undefined);
  }

  /** The domains that this instance may publish now. */
  domains(): Set<string> {
    const { config, leases, outbox } = this.#options;
    const held = leases.held();
    const mine = domainsOf(config).filter((each) => this.#inheritsAll || held.has(leaseOf(each, config)));
    // Computing it for each append would be slow. `#poke` checks again, so a lease that ended since does no harm.
    outbox.relayed = new Set(mine);
    return new Set(mine);
  }

  /** Publishes all that a domain holds now. @returns up to where; undefined if that is not possible now */
  flush(domain: string): Promise<Flushed | undefined> {
    return new Promise((resolve) => {
      this.#flushes.set(domain, [...(this.#flushes.get(domain) ?? []), { resolve }]);
      if (!this.#poke(domain) || this.#backingOff.has(domain)) this.#flushed(domain, undefined);
    });
  }

  /** Called with another instance's signal, and with its own. A lease that came since the last look is found a moment later. */
  #heard(domain: string): void {
    if (this.#options.outbox.relayed.has(domain)) {
      this.#poke(domain);
      return;
    }
    this.#signalled.add(domain);
    if (this.#stopped || this.#looksSoon) return;
    this.#looksSoon = setTimeout(() => {
      this.#looksSoon = undefined;
      const mine = this.domains();
      for (const each of this.#signalled) if (mine.has(each)) this.#poke(each);
      this.#signalled.clear();
    }, LOOK_SOON_MS);
  }

  #pokeAll(): void {
    for (const domain of this.domains()) this.#poke(domain);
  }

  /** Publishes a domain soon. @returns false if another instance must do it */
  #poke(domain: string): boolean {
    this.#news.add(domain);
    if (this.#stopped) return false;
    if (this.#running.has(domain)) return true;
    if (!this.domains().has(domain)) return false;
    if (this.#backingOff.has(domain)) return true;
    const drained = this.#drain(domain).finally(() => {
      this.#running.delete(domain);
      // A change that was appended after the last read would otherwise wait for the timer.
      if (this.#news.has(domain) && !this.#poke(domain)) this.#flushed(domain, undefined);
    });
    this.#running.set(domain, drained);
    return true;
  }

  /** Publishes until nothing of the domain waits. Never throws. */
  async #drain(domain: string): Promise<void> {
    try {
      while (!this.#stopped && this.domains().has(domain)) {
        this.#news.delete(domain);
        const next = await this.#read(domain);
        await this.#publish(domain, next);
        this.#succeeded(domain, next.entries.length);
        if (next.count > 0) this.#published.set(domain, next);
        this.#flushed(domain, { storeId: next.storeId, position: next.to });
        if (next.to === next.latest) return;
      }
      // Another instance relays the domain now.
      this.#flushed(domain, undefined);
    } catch (error) {
      this.#flushed(domain, undefined);
      this.#backOff(domain, error);
    }
  }

  /** Reads behind all that is published. @throws ShardUnavailable; NotReplicated if a failover may lose what was read */
  async #read(domain: string): Promise<Unpublished> {
    const { outbox, config } = this.#options;
    const asking = (this.#flushes.get(domain) ?? []).filter(({ until }) => until === undefined);
    const written: Written<Unpublished> = await outbox.next(domain, this.#published.get(domain), BATCH);
    // That it was passed may be lost: it is published again then.
    const next = written.evenIfLost();
    this.#published.delete(domain);
    if (!isDurableEnough(written, config.claims.replication)) throw new NotReplicated();
    for (const flush of asking) flush.until = next.latest;
    return next;
  }

  async #publish(domain: string, { storeId, entries }: Unpublished): Promise<void> {
    const { config } = this.#options;
    const byPartition = new Map<number, { position: string; message: BusMessage }[]>();
    const messages = await Promise.all(entries.map((entry) => this.#messageOf(entry)));
    for (const [i, { position }] of entries.entries()) {
      const message = messages[i];
      if (!message) continue;
      const partition = partitionOf(message.key, config.bus.partitions);
      const ofPartition = byPartition.get(partition) ?? [];
      byPartition.set(partition, ofPartition);
      const origin = { region: config.region, domain, storeId, position };
      ofPartition.push({ position: `${domain} ${position}`, message: withOrigin(message, origin) });
    }
    try {
      await Promise.all([...byPartition].map(([partition, batch]) => this.#send(partition, batch)));
    } catch (error) {
      throw new BusFailed('changes could not be published', { cause: error });
    }
  }

  /** The message of a change. One that cannot be made is set aside, and stops nothing. */
  async #messageOf(entry: OutboxEntry): Promise<BusMessage | undefined> {
    const { agents, clock, config, exchange, heardOfClaims, history, setAside, store } = this.#options;
    try {
      if (entry.message !== undefined) return readMessage(entry.message);
      if (!entry.claim) return undefined;
      const event = claimEvent(entry.agentId, entry.claim, config.region, entry.writtenMs, store.nowMs());
      const record = await agents.recall(entry.agentId);
      history?.eventAccepted(event);
      // The script that wrote it has applied it.
      history?.eventHandled(event, { outcome: 'duplicate', via: 'local', startedMs: clock.monotonicMs() });
      heardOfClaims(entry.agentId, config.region, [entry.claim]);
      return messageOfClaim(event, record?.facets ?? {}, entry.writtenMs, exchange.sends);
    } catch (error) {
      if (isOutage(error)) throw error;
      setAside.tell(entry.agentId, error, 'outbox', 'what changed');
      return undefined;
    }
  }

  /** Publishes messages. One that the bus refuses for good becomes a dead letter, and the others are published. */
  async #send(partition: number, messages: { position: string; message: BusMessage }[]): Promise<void> {
    const { bus, setAside } = this.#options;
    try {
      const batch = messages.map(({ message }) => message);
      await bus.publish(partition, batch);
    } catch (error) {
      if (isOutage(error)) throw error;
      const [first, ...more] = messages;
      if (first && more.length === 0)
        return setAside.letter(first.message, error, 'outbox', `outbox ${first.position}`);
      for (const message of messages) await this.#send(partition, [message]);
    }
  }

  /** Answers requests for which enough is published. @param flushed undefined: none can be answered */
  #flushed(domain: string, flushed: Flushed | undefined): void {
    const waiting = this.#flushes.get(domain) ?? [];
    const isDone = ({ until }: Flush): boolean => !flushed || isAtLeast(flushed.position, until);
    this.#flushes.set(
      domain,
      waiting.filter((each) => !isDone(each)),
    );
    for (const each of waiting) if (isDone(each)) each.resolve(flushed);
  }

  /** Passes what is published, so that the next relay does not publish it again. Never throws. */
  async #passAll(): Promise<void> {
    const { outbox, log } = this.#options;
    const pass = async ([domain, published]: [string, Unpublished]): Promise<void> => {
      try {
        (await outbox.next(domain, published, 1)).evenIfLost(); // It is published again then.
      } catch (error) {
        log.debug('outbox_not_passed', { err: error, domain });
      }
    };
    await Promise.all([...this.#published].map(pass));
  }

  #succeeded(domain: string, count: number): void {
    const { log, metrics } = this.#options;
    if (this.#unread.delete(domain)) log.info('outbox_read_resumed', { domain });
    if (count === 0) return;
    metrics.relayed.inc({ domain }, count);
    if (!this.#isBusAway) return;
    this.#isBusAway = false;
    log.info('bus_write_resumed', { domain });
  }

  #backOff(domain: string, error: unknown): void {
    const { log, metrics } = this.#options;
    const cause = error instanceof BusFailed ? 'bus' : 'store';
    metrics.relayFailures.inc({ domain, cause });
    if (error instanceof BusFailed) {
      if (!this.#isBusAway) log.warn('bus_write_failed', { err: error.cause, domain });
      this.#isBusAway = true;
    } else {
      if (!this.#unread.has(domain)) log.warn('outbox_read_failed', { err: error, domain });
      this.#unread.add(domain);
    }
    this.#backingOff.add(domain);
    const waitMs = MAX_BACKOFF_MS * (0.25 + 0.75 * Math.random());
    setTimeout(() => {
      this.#backingOff.delete(domain);
      this.#poke(domain);
    }, waitMs).unref();
  }
}
