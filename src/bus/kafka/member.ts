import { setTimeout as delay } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import type { Log } from '../../ops/log.ts';
import { clientOptions, type KafkaAccess } from './clients.ts';
import { reasonOf } from './failure.ts';

interface MemberOptions {
  access: KafkaAccess;
  topic: string;
  group: string;
  /** A name that outlives a crash of the instance: under it the group takes the next process for the same member. */
  member?: string;
  /** How long the group waits for an instance that is silent, in ms. */
  sessionMs: number;
  /** Resolves when nothing of the partitions is being handled here. */
  drain(partitions: number[]): Promise<unknown>;
  log: Log;
}

const AWAY_MS = 250;
/** A session, in heartbeats. */
const HEARTBEATS = 5;

/**
 * This instance's membership in its region's consumer group.
 *
 *   outside ──join──► holding ──others join or leave──► giving up, draining ──rejoin──► holding
 *      ▲                 └──session over: everything is dropped, then rejoin
 *      └──left, or the bus is away: join again and again
 *
 * Partitions move one by one (cooperative rebalance): those that stay are read on meanwhile. One that goes is drained
 * and committed before the group hears that it is free.
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
      // A join is answered when all others have joined.
      requestTimeout: sessionMs + (clientOptions(access).requestTimeout ?? 0),
      protocols: [{ name: 'cooperative-sticky', version: 3 }],
      // Asked before every join: the moment between losing a partition and telling the group so.
      protocolsMetadata: async () => {
        await this.#giveUp();
        return Buffer.alloc(0);
      },
    });
    this.#consumer.topics.track(topic);
    this.#consumer.on('consumer:group:join', () => this.#joined());
    // The library has given up on a join of its own.
    this.#consumer.on('error', (error: Error) => this.#rejoin(error));
  }

  start(): void {
    this.#rejoin();
  }

  /** The partitions this instance may read now. */
  held(): Set<number> {
    return this.#held;
  }

  /** Notes how far the region has applied a partition. @throws Error where the bus is away, or others hold it */
  async commit(partition: number, offset: bigint): Promise<void> {
    const { topic } = this.#options;
    await this.#consumer.commit({ offsets: [{ topic, partition, offset, leaderEpoch: -1 }] });
  }

  /** Drains and hands everything over. */
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

  /** Waits for what is under way of lost partitions, but not so long that the group gives up on this instance. */
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
    this.#joining ??= this.#joinForLong().finally(() => {
      this.#joining = undefined;
    });
  }

  async #joinForLong(): Promise<void> {
    for (let attempt = 1; !this.#closed; attempt++) {
      try {
        await this.#consumer.joinGroup({});
        return;
      } catch (error) {
        // A group that is new, or whose broker is, has no coordinator for a moment.
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
