import { setTimeout as delay } from 'node:timers/promises';
import { Admin, Consumer, type GroupMember, type GroupPartitionsAssigner } from '@platformatic/kafka';
import { systemClock } from '../../src/ops/clock.ts';

const CLIENT = { clientId: 'hung-consumer' };
/** The same as in instances: a group has one way to assign partitions. */
const PROTOCOL = { name: 'cooperative-sticky', version: 3 };
const HEARTBEAT_MS = 300;
/** Time for other members to hear of it by a heartbeat and to join again, twice. */
const TAKEN_WITHIN_MS = 30_000;
const POLL_MS = 50;

const hasNothing = ({ assignments }: GroupMember): boolean => (assignments?.size ?? 0) === 0;

/** A member of a consumer group that stays by heartbeats, holds all partitions of a topic, and reads none. */
export class HungConsumer {
  readonly #group: string;
  readonly #topic: string;
  readonly #consumer: Consumer;
  readonly #admin: Admin;

  constructor(bootstrapBrokers: string[], group: string, topic: string) {
    this.#group = group;
    this.#topic = topic;
    this.#admin = new Admin({ ...CLIENT, bootstrapBrokers });
    this.#consumer = new Consumer({
      ...CLIENT,
      bootstrapBrokers,
      groupId: group,
      heartbeatInterval: HEARTBEAT_MS,
      protocols: [PROTOCOL],
      partitionAssigner: (...asked) => this.#assign(...asked),
    });
    this.#consumer.topics.track(topic);
  }

  /**
   * Resolves when the others are members again without partitions.
   * @throws Error if that does not happen in time
   */
  async takeAll(): Promise<void> {
    await this.#consumer.joinGroup({});
    const before = await this.#othersWho(() => true);
    // The first member of a group assigns. Earlier members are removed, and join again after this one.
    await this.#admin.removeMembersFromConsumerGroup({
      groupId: this.#group,
      members: before.map(({ id }) => ({ memberId: id, reason: 'a drill' })),
    });
    await this.#othersWho((others) => others.length === before.length && others.every(hasNothing));
  }

  /** Gives its partitions back. */
  async leave(): Promise<void> {
    await Promise.all([this.#consumer.close(), this.#admin.close()]);
  }

  /** The other members, once there are some, the group is stable, and `mustBe` holds for them. */
  async #othersWho(mustBe: (others: GroupMember[]) => boolean): Promise<GroupMember[]> {
    const deadlineMs = systemClock.monotonicMs() + TAKEN_WITHIN_MS;
    for (;;) {
      const group = (await this.#admin.describeGroups({ groups: [this.#group] })).get(this.#group);
      const others = [...(group?.members.values() ?? [])].filter(({ id }) => id !== this.#consumer.memberId);
      if (group?.state === 'Stable' && others.length > 0 && mustBe(others)) return others;
      if (systemClock.monotonicMs() > deadlineMs)
        throw new Error(`the group ${this.#group} did not come to rest within ${TAKEN_WITHIN_MS} ms`);
      await delay(POLL_MS);
    }
  }

  #assign(...[, members, , { topics }]: Parameters<GroupPartitionsAssigner>): ReturnType<GroupPartitionsAssigner> {
    const partitions = [...Array(topics.get(this.#topic)?.partitionsCount ?? 0).keys()];
    return [...members.keys()].map((memberId) => ({
      memberId,
      assignments: new Map(
        memberId === this.#consumer.memberId ? [[this.#topic, { topic: this.#topic, partitions }]] : [],
      ),
    }));
  }
}
