import { setTimeout as delay } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import type { Log } from '../../ops/log.ts';
import { clientOptions, type KafkaAccess } from './clients.ts';
import { reasonOf } from './failure.ts';

interface MemberOptions {
  access: KafkaAccess;
  topic: string;
  group: string;
  /** Static member name (`group.instance.id`): after a restart the group treats the process as the same member. */
  member?: string;
  /** Session timeout in ms: how long the group waits for an instance that sends no heartbeats. */
  sessionMs: number;
  /** Resolves when no batch of the partitions is being handled. */
  drain(partitions: number[]): Promise<unknown>;
  log: Log;
}

const AWAY_MS = 250;
/** Heartbeats in a session timeout. */
const HEARTBEATS = 5;

/**
 * This instance's membership in its region's consumer group.
 *
 *   outside ──join──► holding ──others join or leave──► revoking, draining ──rejoin──► holding
 *      ▲                 └──session expired: all partitions are dropped, then rejoin
 *      └──left, or the bus is unavailable: retry to join
 *
 * Rebalances are cooperative: partitions that stay are read meanwhile. A partition that moves is drained and committed
 * before the group learns that it is free.
 */
export class KafkaMember {
  readonly #options: MemberOptions;
  readonly #consumer: Consumer;
  #held = new Set<number>();
  #closed = false;
  #joining: Promise<void> | undefined;
  #away = false;

  constructor(options: MemberOptions) {
    const { access, group, topic, member, sessionMs } = options;
    this.#options = options;
    this.#consumer = new Consumer({
      ...clientOptions(access),
      groupId: group,
      ...(member && { groupInstanceId: member }),
      sessionTimeout: sessionMs,
      rebalanceTimeout: sessionMs,
      heartbeatInterval: Math.ceil(sessionMs / HEARTBEATS),
      // The coordinator answers a join only when all members have joined.
      requestTimeout: sessionMs + (clientOptions(access).requestTimeout ?? 0),
      protocols: [{ name: 'cooperative-sticky', version: 3 }],
      // Called before every join: after this instance lost partitions, and before it tells the group.
      protocolsMetadata: async () => {
        await this.#giveUp();
        return Buffer.alloc(0);
      },
    });
    this.#consumer.topics.track(topic);
    this.#consumer.on('consumer:group:join', () => this.#joined());
    // The library gave up a join that it began itself.
    this.#consumer.on('error', (error: Error) => this.#rejoin(error));
  }

  start(): void {
    this.#rejoin();
  }

  /** The partitions this instance may read now. */
  held(): Set<number> {
    return this.#held;
  }

  /** Commits the region's offset. @throws Error if the bus is unavailable, or another member holds the partition */
  async commit(partition: number, offset: bigint): Promise<void> {
    const { topic } = this.#options;
    await this.#consumer.commit({ offsets: [{ topic, partition, offset, leaderEpoch: -1 }] });
  }

  /** Drains all partitions and leaves the group. */
  async close(): Promise<void> {
    this.#closed = true;
    const held = [...this.#held];
    this.#held = new Set();
    await this.#options.drain(held);
    await this.#consumer.close().catch((error) => this.#options.log.debug('bus_leave_failed', { err: error }));
    await this.#joining;
  }

  #assigned(): number[] {
    const { topic } = this.#options;
    return this.#consumer.assignments?.find((each) => each.topic === topic)?.partitions ?? [];
  }

  #joined(): void {
    if (this.#closed) return;
    this.#held = new Set(this.#assigned());
    const { log, group } = this.#options;
    if (this.#away) log.info('bus_read_resumed', { group });
    this.#away = false;
    log.debug('bus_partitions_assigned', { group, partitions: [...this.#held] });
  }

  /** Drains lost partitions, for at most half a session, so that the group does not expel this instance. */
  async #giveUp(): Promise<void> {
    const keeps = new Set(this.#assigned());
    const lost = [...this.#held].filter((partition) => !keeps.has(partition));
    if (lost.length === 0) return;
    this.#held = new Set([...this.#held].filter((partition) => keeps.has(partition)));
    const done = new AbortController();
    const late = delay(this.#options.sessionMs / 2, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([this.#options.drain(lost), late]);
    done.abort();
  }

  #rejoin(error?: Error): void {
    if (error) this.#tell(error);
    this.#joining ??= this.#joinWithRetries().finally(() => {
      this.#joining = undefined;
    });
  }

  async #joinWithRetries(): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt++) {
      try {
        await this.#consumer.joinGroup({});
        return;
      } catch (error) {
        // A new group, or one whose coordinator moved, has no coordinator for a moment: the first failure is not logged.
        if (attempt > 1) this.#tell(error);
        await delay(AWAY_MS);
      }
    }
  }

  #tell(error: unknown): void {
    const { log, group } = this.#options;
    if (this.#closed || this.#away) return;
    this.#away = true;
    log.warn('bus_read_failed', { err: error, reason: reasonOf(error), group });
  }
}
