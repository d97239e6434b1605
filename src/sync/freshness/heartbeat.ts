import { sealHeartbeat, writeFields } from '../../bus/envelope.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Leases } from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';

interface HeartbeatsOptions {
  store: Pick<Store, 'outbox' | 'takeBeat'>;
  /** Which partitions this instance relays. */
  leases: Leases;
  region: string;
  instance: string;
  heartbeatMs: number;
  clock: Clock;
  log: Log;
}

/** How soon an instance that relays nothing yet looks again, ms. */
const LOOK_AGAIN_MS = 100;

/**
 * Puts heartbeats into the region's partitions, behind everything it has accepted so far. What they prove to other
 * regions is in `watermark.ts`.
 *
 *   silent ──relays a partition──► beating ──stop──► silent ──stopped as the last of the region──► good-bye said
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

  /** The region's last word on every partition, behind everything else: whoever reads it need not wait for more. */
  async sayGoodbye(): Promise<void> {
    await this.#beat([...Array(this.#options.store.outbox.partitions).keys()], true);
  }

  /** Takes the region's next beat. @throws ShardUnavailable */
  async take(): Promise<number> {
    const beat = await this.#options.store.takeBeat(this.#highest);
    this.#highest = Math.max(this.#highest, beat);
    return beat;
  }

  /** Never throws: who is not heard is judged by those who listen. */
  async #beat(partitions: number[], leaving: boolean): Promise<void> {
    const { store, region, instance, clock, log } = this.#options;
    const failed = (error: unknown): void => log.debug('heartbeat_not_written', { err: error });
    try {
      const beat = await this.take();
      // In this order: the clock must not stand at a time before the beat was taken, nor after the heartbeat is written.
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
            // One that a failover takes has promised nothing to anybody; the next one says the same.
            .then((written) => written.evenIfLost())
            .catch(failed),
        ),
      );
    } catch (error) {
      failed(error);
    }
  }
}
