import type { Faults } from './faults.ts';
import type { Org } from './org.ts';

/** A topic as a client wrote it. */
export interface TopicReading {
  /** The individual topics that it expands to; events have their names. */
  expanded: string[];
  /** The individual topics that cannot be subscribed to, with reasons. */
  rejected: { topic: string; reason: string }[];
}

const MAX_TOPIC_LENGTH = 200;

const USER_TOPICS = new Set([
  'presence',
  'routingStatus',
  'activity',
  'conversationsummary',
  'conversations',
  // Never sent here, but a client may subscribe to them.
  'outofoffice',
  'station',
]);

/** Reads topics, and knows which of them exist in this organisation. */
export class Topics {
  readonly #userIds: Set<string>;
  readonly #queueIds: Set<string>;
  readonly #faults: Faults;

  constructor(org: Org, faults: Faults) {
    this.#faults = faults;
    this.#userIds = new Set(org.users.map(({ id }) => id));
    this.#queueIds = new Set(org.queues.map(({ id }) => id));
  }

  /** `v2.users.{id}?presence&routingStatus` counts as one topic and delivers two. */
  read(topic: string): TopicReading {
    if (topic.length > MAX_TOPIC_LENGTH) {
      return { expanded: [], rejected: [{ topic, reason: `A topic has at most ${MAX_TOPIC_LENGTH} characters.` }] };
    }
    const reading: TopicReading = { expanded: [], rejected: [] };
    for (const individual of expand(topic)) {
      const reason = this.#objection(individual);
      if (reason) reading.rejected.push({ topic: individual, reason });
      else reading.expanded.push(individual);
    }
    return reading;
  }

  #objection(topic: string): string | undefined {
    const [, kind, id, name] = /^v2\.(users|routing\.queues)\.([^.]+)\.(.+)$/.exec(topic) ?? [];
    if (kind === undefined || id === undefined || name === undefined) return 'The topic does not exist.';
    const [ids, names] = kind === 'users' ? [this.#userIds, USER_TOPICS] : [this.#queueIds, QUEUE_TOPICS];
    if (!names.has(name)) return 'The topic does not exist.';
    const isPermitted = ids.has(id) && this.#faults.covers(id) && !this.#faults.settings.refusedTopics.includes(name);
    return isPermitted ? undefined : 'You do not have permission to subscribe to the topic.';
  }
}

/** Permitted, and never sent: membership does not change here. */
const QUEUE_TOPICS = new Set(['users']);

function expand(topic: string): string[] {
  const [prefix, suffixes] = topic.split('?', 2);
  return suffixes === undefined ? [topic] : suffixes.split('&').map((suffix) => `${prefix}.${suffix}`);
}
