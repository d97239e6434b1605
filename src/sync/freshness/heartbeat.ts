import type { Exchange } from '../../agent/exchange.ts';
import type { Bus } from '../../bus/bus.ts';
import { type Heartbeat, sealHeartbeat, withOrigin } from '../../bus/envelope.ts';
import { type Clock, within } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';
import type { Relay } from '../flow/relay.ts';
import type { HostWatch } from './host-watch.ts';
import { beatsOf } from './standstill.ts';

interface HeartbeatsOptions {
  store: Pick<Store, 'takeBeat'>;
  /** Publishes the domains that this instance relays. */
  relay: Pick<Relay, 'domains' | 'flush'>;
  bus: Pick<Bus, 'publish'>;
  partitions: number;
  /** The region's formats. */
  versions: { exchange(): Exchange };
  region: string;
  instance: string;
  heartbeatMs: number;
  /** Gets a reading of the store's clock with each number: the larger of the last number plus 1 and that clock. */
  host: Pick<HostWatch, 'read' | 'count'>;
  clock: Clock;
  log: Log;
}

/** How often an instance without domains checks its leases, in ms. */
const LOOK_AGAIN_MS = 100;
/** How long a stopping instance tries to say so, in ms. */
const GOODBYE_LIMIT_MS = 5000;

/**
 * Publishes heartbeats on all partitions for the domains that this instance relays, each behind everything that the region had
 * accepted when it was taken. `freshness.ts` describes what they prove to other regions.
 *
 *   silent ──relays a domain──► beating ──stop──► silent ──stopped as the last of the region──► leave message sent
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #highest = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Domains whose last heartbeat is not published yet. */
  readonly #beating = new Set<string>();

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  start(): void {
    const { relay, heartbeatMs } = this.#options;
    const domains = [...relay.domains()];
    if (domains.length > 0) void this.#beat(domains.filter((each) => !this.#beating.has(each)));
    const waitMs = domains.length > 0 ? heartbeatMs : Math.min(heartbeatMs, LOOK_AGAIN_MS);
    this.#timer = setTimeout(() => this.start(), waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Publishes the leave message on every partition, as the region's last message. Never throws. */
  async sayGoodbye(): Promise<void> {
    const said = this.#beat([...this.#options.relay.domains()], true);
    await within(said, GOODBYE_LIMIT_MS).catch(() => undefined); // Other regions notice the silence.
  }

  /** Takes the region's next heartbeat sequence number. @throws ShardUnavailable */
  async take(): Promise<number> {
    const { store, region, host, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const beat = await store.takeBeat(this.#highest);
    const steadyMs = clock.monotonicMs();
    this.#highest = Math.max(this.#highest, beat);
    host.read({ reference: beatsOf(region), steadyMs, otherMs: beat, roundTripMs: steadyMs - startedMs });
    return beat;
  }

  /** Never throws: other regions notice missing heartbeats. */
  async #beat(domains: string[], leaving = false): Promise<void> {
    const { region, clock, log } = this.#options;
    const failed = (error: unknown): void => log.debug('heartbeat_not_written', { err: error });
    for (const domain of domains) this.#beating.add(domain);
    try {
      // Before anything else: whatever is published before the heartbeat has no newer format.
      const exchange = this.#options.versions.exchange();
      const beat = await this.take();
      // Order matters: read the clock after taking the number, and before reading what the region has accepted.
      const written = {
        beat,
        writer: this.#writer(),
        steadyMs: clock.monotonicMs(),
        timestampMs: clock.nowMs(),
        leaving,
        exchange,
      };
      const publish = (domain: string): Promise<void> =>
        this.#publish({ region, domain, ...written })
          .catch(failed)
          .finally(() => this.#beating.delete(domain));
      await Promise.all(domains.map(publish));
    } catch (error) {
      failed(error);
      for (const domain of domains) this.#beating.delete(domain);
    }
  }

  /**
   * Whose clock `steadyMs` is. Another one after each standstill: readers take it that between two heartbeats of a writer its
   * clock advanced like their own.
   */
  #writer(): string {
    const { instance, host } = this.#options;
    return host.count === 0 ? instance : `${instance}+${host.count}`;
  }

  /** Publishes a heartbeat behind everything that its domain holds now. */
  async #publish(heartbeat: Heartbeat): Promise<void> {
    const { relay, bus, partitions } = this.#options;
    const { region, domain } = heartbeat;
    const flushed = await relay.flush(domain);
    if (!flushed) return;
    const publish = (partition: number): Promise<void> =>
      bus.publish(partition, [withOrigin(sealHeartbeat(heartbeat, partition), { region, domain, ...flushed })]);
    await Promise.all(Array.from({ length: partitions }, (_, partition) => publish(partition)));
  }
}
