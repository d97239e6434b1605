import { dlqOf } from './kafka.ts';

/** The settings that a topic must have. More replicas and a longer retention are accepted. */
export interface WantedTopic {
  name: string;
  partitions: number;
  /** Whether the number of partitions must match exactly, because keys are mapped to them. */
  isDealt: boolean;
  replication: number;
  retentionMs: number;
}

/** The settings that a topic has. */
export interface FoundTopic {
  partitions: number;
  /** Replicas of the partition that has the fewest. */
  replication: number;
  holdsMessages: boolean;
  /** Settings that the brokers report. Managed services hide those that they control themselves. */
  settings: Partial<Record<Setting, string>>;
}

export const SETTINGS = ['min.insync.replicas', 'retention.ms', 'cleanup.policy', 'max.message.bytes'] as const;
export type Setting = (typeof SETTINGS)[number];

export type Step =
  | { do: 'create'; partitions: number; replication: number; settings: Record<Setting, string> }
  | { do: 'set'; setting: Setting; value: string }
  | { do: 'add partitions'; partitions: number };

/** One setting of a topic that is not as wanted. */
export interface Difference {
  /** Continues a sentence that begins with the topic's name. Without a `step`, it also says what to do. */
  what: string;
  /** A change that mends it without removing anything; undefined if a person must decide. */
  step?: Step;
}

export interface TopicsSpec {
  topic: string;
  partitions: number;
  replication: number;
  retentionHours: number;
}

/** Kafka's default of `max.message.bytes`. Instances publish record batches of half that size, and a larger event is rare. */
const MESSAGE_BYTES = 1_048_588;
const HOUR_MS = 3_600_000;

/** The wanted event topic and dead-letter topic. @param brokers number of brokers, the upper limit of replicas */
export function wantedTopics({ topic, partitions, replication, retentionHours }: TopicsSpec, brokers: number) {
  const shared = { replication: Math.min(replication, brokers), retentionMs: retentionHours * HOUR_MS };
  const events: WantedTopic = { name: topic, partitions, isDealt: true, ...shared };
  const deadLetters: WantedTopic = { name: dlqOf(topic), partitions: 1, isDealt: false, ...shared };
  return [events, deadLetters] as const;
}

/**
 * Compares a topic with the wanted settings. No step removes partitions, replicas or messages, and no step changes the
 * partition of a key while the topic holds messages.
 * @param found undefined if the topic does not exist
 */
export function compare(wanted: WantedTopic, found: FoundTopic | undefined): Difference[] {
  if (!found) return [{ what: 'does not exist', step: creation(wanted) }];
  return [
    ...comparePartitions(wanted, found),
    ...compareReplication(wanted, found),
    ...compareInSync(wanted, found),
    ...compareRetention(wanted, found),
    ...comparePolicy(found),
    ...compareSize(found),
  ];
}

function creation({ partitions, replication, retentionMs }: WantedTopic): Step {
  const settings = {
    'min.insync.replicas': `${inSyncOf(replication)}`,
    'retention.ms': `${retentionMs}`,
    'cleanup.policy': 'delete',
    'max.message.bytes': `${MESSAGE_BYTES}`,
  };
  return { do: 'create', partitions, replication, settings };
}

/** All replicas but one: a message survives the loss of a broker, and publishing goes on with one broker down. */
function inSyncOf(replication: number): number {
  return Math.max(1, replication - 1);
}

function comparePartitions({ partitions, isDealt }: WantedTopic, found: FoundTopic): Difference[] {
  if (!isDealt || found.partitions === partitions) return [];
  const what = `has ${many(found.partitions, 'partition')}, and bus.partitions is ${partitions}`;
  if (found.partitions > partitions)
    return [
      { what: `${what}; partitions cannot be removed: set bus.partitions to ${found.partitions} in all regions` },
    ];
  if (!found.holdsMessages) return [{ what, step: { do: 'add partitions', partitions } }];
  const why = 'it holds messages, and agents would change partitions and lose their order';
  return [{ what: `${what}; ${why}: set bus.partitions to ${found.partitions}, or name a new topic, in all regions` }];
}

function compareReplication({ replication }: WantedTopic, found: FoundTopic): Difference[] {
  if (found.replication >= replication) return [];
  const how = 'add replicas with kafka-reassign-partitions.sh';
  return [{ what: `has ${many(found.replication, 'replica')}, not ${replication}: ${how}, or lower bus.replication` }];
}

/** A topic with too few replicas needs a lower `min.insync.replicas`, or nothing can be published. */
function compareInSync({ replication }: WantedTopic, found: FoundTopic): Difference[] {
  const setting = 'min.insync.replicas';
  const inSync = numberIn(found, setting);
  if (inSync === undefined) return [];
  const least = inSyncOf(Math.min(replication, found.replication));
  if (inSync < least) return [raised(setting, inSync, least)];
  const most = inSyncOf(found.replication);
  if (inSync <= most) return [];
  const effect =
    inSync > found.replication ? 'nothing can be published' : 'nothing can be published while a broker is down';
  return [
    { what: `has ${setting} ${inSync} with ${many(found.replication, 'replica')}, so ${effect}: set it to ${most}` },
  ];
}

function compareRetention({ retentionMs }: WantedTopic, found: FoundTopic): Difference[] {
  const kept = numberIn(found, 'retention.ms');
  if (kept === undefined || kept < 0 || kept >= retentionMs) return [];
  const what = `keeps messages for ${inWords(kept)}, not ${inWords(retentionMs)}`;
  return [{ what, step: { do: 'set', setting: 'retention.ms', value: `${retentionMs}` } }];
}

/** Compaction would lose changes: an event holds only the changed facets, not the whole agent. */
function comparePolicy({ settings, holdsMessages }: FoundTopic): Difference[] {
  const setting = 'cleanup.policy';
  const policies = settings[setting]?.split(',').map((policy) => policy.trim());
  if (!policies?.includes('compact')) return [];
  const what = 'is compacted, which drops changes that regions have not read';
  if (policies.includes('delete') || !holdsMessages) return [{ what, step: { do: 'set', setting, value: 'delete' } }];
  return [
    { what: `${what}: set ${setting} to delete once every region has read it, because that deletes old messages` },
  ];
}

function compareSize(found: FoundTopic): Difference[] {
  const setting = 'max.message.bytes';
  const bytes = numberIn(found, setting);
  return bytes === undefined || bytes >= MESSAGE_BYTES ? [] : [raised(setting, bytes, MESSAGE_BYTES)];
}

function raised(setting: Setting, from: number, to: number): Difference {
  return { what: `has ${setting} ${from}, not ${to}`, step: { do: 'set', setting, value: `${to}` } };
}

function numberIn({ settings }: FoundTopic, setting: Setting): number | undefined {
  const value = settings[setting];
  return value === undefined ? undefined : Number(value);
}

/** A short description of a topic, for operators. */
export function describeTopic({ partitions, replication, settings }: FoundTopic): string {
  const kept = Number(settings['retention.ms'] ?? Number.NaN);
  const keeps = Number.isNaN(kept) ? [] : [`keeps messages ${kept < 0 ? 'for ever' : `for ${inWords(kept)}`}`];
  return [many(partitions, 'partition'), many(replication, 'replica'), ...keeps].join(', ');
}

/** What a step did, as the end of a sentence that begins with the topic's name. */
export function describeStep(step: Step): string {
  switch (step.do) {
    case 'create':
      return 'was created';
    case 'set':
      return `has ${step.setting} ${step.value} now`;
    case 'add partitions':
      return `has ${many(step.partitions, 'partition')} now`;
  }
}

const UNITS: [string, number][] = [
  ['day', 24 * HOUR_MS],
  ['hour', HOUR_MS],
  ['second', 1000],
];

/** E.g. `7 days`: in the largest unit that divides it. */
function inWords(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['millisecond', 1];
  return many(ms / size, unit);
}

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
