import { setTimeout as delay } from 'node:timers/promises';
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { type Clock, systemClock } from '../../ops/clock.ts';
import { clientOptions, type KafkaAccess, unavailable } from './clients.ts';
import { inTime } from './in-time.ts';
import { EARLIEST, LATEST, listOffsets } from './offsets.ts';
import {
  compare,
  type Difference,
  type FoundTopic,
  SETTINGS,
  type Setting,
  type Step,
  type TopicsSpec,
  type WantedTopic,
  wantedTopics,
} from './topics.ts';

/** A topic as it is, and how it differs from the wanted one. */
interface TopicState {
  wanted: WantedTopic;
  found?: FoundTopic;
  differences: Difference[];
}

export interface TopicsState {
  brokers: number;
  topics: TopicState[];
}

/** Covers a controller change or a leader election. */
const RETRIES = 5;
const RETRY_DELAY_MS = 200;
/** How long a change may take to reach all brokers, in ms. */
const SETTLE_LIMIT_MS = 10_000;
const POLL_MS = 100;
/** Timeout in ms. Creating a topic takes longer than other requests. */
const ANSWER_LIMIT_MS = 5000;
/** Limit in ms of one call with all its retries. */
const CALL_LIMIT_MS = 6000;

const ask = <T>(call: Promise<T>): Promise<T> => inTime(CALL_LIMIT_MS, call);

/** Checks the topics of a configuration, and creates or changes them. */
export class TopicsAdmin {
  readonly #admin: Admin;
  readonly #access: KafkaAccess;
  readonly #spec: TopicsSpec;
  readonly #clock: Clock;

  constructor(access: KafkaAccess, spec: TopicsSpec, clock: Clock = systemClock) {
    this.#admin = new Admin({
      ...clientOptions(access),
      timeout: ANSWER_LIMIT_MS,
      requestTimeout: ANSWER_LIMIT_MS,
      retries: RETRIES,
      retryDelay: RETRY_DELAY_MS,
    });
    this.#access = access;
    this.#spec = spec;
    this.#clock = clock;
  }

  /** Compares all topics with the configuration. @throws BusUnavailable, also if the principal lacks permission */
  async check(): Promise<TopicsState> {
    try {
      const { brokers } = await ask(this.#admin.metadata({ forceUpdate: true }));
      const wanted = wantedTopics(this.#spec, brokers.size);
      const names = new Set(await ask(this.#admin.listTopics()));
      const topics: TopicState[] = [];
      for (const each of wanted) {
        const found = names.has(each.name) ? await this.#find(each.name) : undefined;
        topics.push({ wanted: each, ...(found && { found }), differences: compare(each, found) });
      }
      return { brokers: brokers.size, topics };
    } catch (error) {
      throw unavailable(this.#access, error);
    }
  }

  /**
   * Carries out all steps; none of them removes anything. Calls `onDone` after each step.
   * @returns the state afterwards
   * @throws BusUnavailable, also if the principal lacks permission
   */
  async apply(onDone: (topic: string, step: Step) => void): Promise<TopicsState> {
    const before = await this.check();
    for (const { wanted, differences } of before.topics) {
      for (const { step } of differences) {
        if (!step) continue;
        await this.#do(wanted.name, step);
        onDone(wanted.name, step);
      }
    }
    return this.#settled();
  }

  async close(): Promise<void> {
    await ask(this.#admin.close());
  }

  /** Checks again until all brokers know the changes, or the limit is over. */
  async #settled(): Promise<TopicsState> {
    const deadlineMs = this.#clock.monotonicMs() + SETTLE_LIMIT_MS;
    for (;;) {
      const state = await this.check();
      const isUnderWay = state.topics.some(({ differences }) => differences.some(({ step }) => step));
      if (!isUnderWay || this.#clock.monotonicMs() > deadlineMs) return state;
      await delay(POLL_MS);
    }
  }

  async #find(topic: string): Promise<FoundTopic> {
    const { topics } = await ask(this.#admin.metadata({ topics: [topic], forceUpdate: true }));
    const partitions = topics.get(topic)?.partitions ?? [];
    const [settings, holdsMessages] = await Promise.all([
      this.#settingsOf(topic),
      this.#holdsMessages(topic, partitions.length),
    ]);
    const replication = Math.min(...partitions.map(({ replicas }) => replicas.length));
    return { partitions: partitions.length, replication, holdsMessages, settings };
  }

  async #settingsOf(topic: string): Promise<FoundTopic['settings']> {
    const resource = {
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configurationKeys: [...SETTINGS],
    };
    const described = await ask(this.#admin.describeConfigs({ resources: [resource] }));
    const told = described.flatMap(({ configs }) => configs).filter(({ value }) => value !== null);
    const known = new Set<string>(SETTINGS);
    return Object.fromEntries(told.filter(({ name }) => known.has(name)).map(({ name, value }) => [name, value]));
  }

  async #holdsMessages(topic: string, partitions: number): Promise<boolean> {
    const all = [...Array(partitions).keys()];
    const list = (timestamp: bigint) => ask(listOffsets(this.#admin, topic, all, timestamp));
    const [first, end] = await Promise.all([list(EARLIEST), list(LATEST)]);
    return [...end].some(([partition, offset]) => offset !== first.get(partition));
  }

  async #do(topic: string, step: Step): Promise<void> {
    try {
      if (step.do === 'create') await this.#create(topic, step);
      else if (step.do === 'add partitions')
        await ask(this.#admin.createPartitions({ topics: [{ name: topic, count: step.partitions }] }));
      else await this.#set(topic, step.setting, step.value);
    } catch (error) {
      throw unavailable(this.#access, error);
    }
  }

  async #create(topic: string, { partitions, replication, settings }: Extract<Step, { do: 'create' }>): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await ask(this.#admin.createTopics({ topics: [{ topic, partitions, replicas: replication }], configs }));
  }

  async #set(topic: string, name: Setting, value: string): Promise<void> {
    const change = { name, configOperation: IncrementalAlterConfigOperationTypes.SET, value };
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs: [change] };
    await ask(this.#admin.incrementalAlterConfigs({ resources: [resource] }));
  }
}
