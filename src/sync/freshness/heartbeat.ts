import { sealHeartbeat, writeFields } from '../../bus/envelope.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Leases } from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';

interface HeartbeatsOptions {
  store: Pick<Store, 'outbox' | 'takeBeat'>;
  /** Leases of the partitions that this instance relays. */
  leases: Leases;
  region: string;
  instance: string;
  heartbeatMs: number;
  clock: Clock;
  log: Log;
}

/** How often an instance without partitions checks its leases, in ms. */
const LOOK_AGAIN_MS = 100;

/**
 * Appends heartbeats to the region's partitions, behind everything that the region has accepted. `freshness.ts` describes what
 * they prove to other regions.
 *
 *   silent ──relays a partition──► beating ──stop──► silent ──stopped as the last of the region──► leave message sent
 */
export class Heartbeats {
  readonly #options: HeartbeatsOptions;
  #highest = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatsOptions) {
    this.#options = options;
  }

  start(): void {
    const { leases, heartbeatMs } = this.#options;
    const partitions = [...leases.held()];
    if (partitions.length > 0) void this.#beat(partitions, false);
    const waitMs = partitions.length > 0 ? heartbeatMs : Math.min(heartbeatMs, LOOK_AGAIN_MS);
    this.#timer = setTimeout(() => this.start(), waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Appends the leave message to every partition, as the region's last message. Never throws. */
  async sayGoodbye(): Promise<void> {
    await this.#beat([...Array(this.#options.store.outbox.partitions).keys()], true);
  }

  /** Takes the region's next heartbeat sequence number. @throws ShardUnavailable */
  async take(): Promise<number> {
    const beat = await this.#options.store.takeBeat(this.#highest);
    this.#highest = Math.max(this.#highest, beat);
    return beat;
  }

  /** Never throws: other regions notice missing heartbeats. */
  async #beat(partitions: number[], leaving: boolean): Promise<void> {
    const { store, region, instance, clock, log } = this.#options;
    const failed = (error: unknown): void => log.debug('heartbeat_not_written', { err: error });
    try {
      const beat = await this.take();
      // Order matters: read the clock after taking the number, and before writing the heartbeat.
      const heartbeat = {
        region,
        beat,
        writer: instance,
        steadyMs: clock.monotonicMs(),
        timestampMs: clock.nowMs(),
        leaving,
      };
      await Promise.all(
        partitions.map((partition) =>
          store.outbox
            .append(partition, writeFields(sealHeartbeat(heartbeat, partition)))
            // A lost heartbeat does no harm: the next one proves the same.
            .then((written) => written.evenIfLost())
            .catch(failed),
        ),
      );
    } catch (error) {
      failed(error);
    }
  }
}
