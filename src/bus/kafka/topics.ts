import { dlqOf } from './kafka.ts';

/** What a topic should be like. More copies and a longer retention are as good. */
export interface WantedTopic {
  name: string;
  partitions: number;
  /** Whether it must have exactly so many: keys are dealt over them. */
  isDealt: boolean;
  replication: number;
  retentionMs: number;
}

/** What a topic is like. */
export interface FoundTopic {
  partitions: number;
  /** Of the partition that has the fewest replicas. */
  replication: number;
  holdsMessages: boolean;
  /** As the brokers tell them; what a service does not tell, it decides by itself. */
  settings: Partial<Record<Setting, string>>;
}

export const SETTINGS = ['min.insync.replicas', 'retention.ms', 'cleanup.policy', 'max.message.bytes'] as const;
export type Setting = (typeof SETTINGS)[number];

export type Step =
  | { do: 'create'; partitions: number; replication: number; settings: Record<Setting, string> }
  | { do: 'set'; setting: Setting; value: string }
  | { do: 'add partitions'; partitions: number };

/** One thing about a topic that is not as it should be. */
export interface Difference {
  /** In words that follow the topic's name, and say what to do where there is no step. */
  what: string;
  /** What puts it right and takes nothing away; undefined where a person has to decide. */
  step?: Step;
}

export interface TopicsSpec {
  topic: string;
  partitions: number;
  replication: number;
  retentionHours: number;
}

/** Kafka's own default. What instances publish fits: a request of theirs is half as large, and so is any event but a monster. */
const MESSAGE_BYTES = 1_048_588;
const HOUR_MS = 3_600_000;

/** The topic and its dead letters. @param brokers how many there are: more copies of a message cannot be */
export function wantedTopics({ topic, partitions, replication, retentionHours }: TopicsSpec, brokers: number) {
  const shared = { replication: Math.min(replication, brokers), retentionMs: retentionHours * HOUR_MS };
  const events: WantedTopic = { name: topic, partitions, isDealt: true, ...shared };
  const deadLetters: WantedTopic = { name: dlqOf(topic), partitions: 1, isDealt: false, ...shared };
  return [events, deadLetters] as const;
}

/**
 * Compares a topic with what it should be. No step takes anything away: neither partitions nor replicas, nor what is kept. And none
 * deals keys anew that messages lie under.
 * @param found undefined: there is no such topic
 */
export function compare(wanted: WantedTopic, found: FoundTopic | undefined): Difference[] {
  if (!found) return [{ what: 'is not there', step: creation(wanted) }];
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

/** All copies but one: a message survives its first broker, and a broker may be away without the bus standing still. */
function inSyncOf(replication: number): number {
  return Math.max(1, replication - 1);
}

function comparePartitions({ partitions, isDealt }: WantedTopic, found: FoundTopic): Difference[] {
  if (!isDealt || found.partitions === partitions) return [];
  const what = `has ${many(found.partitions, 'partition')}, and bus.partitions is ${partitions}`;
  if (found.partitions > partitions)
    return [{ what: `${what}; partitions cannot be taken away: set bus.partitions to ${found.partitions} everywhere` }];
  if (!found.holdsMessages) return [{ what, step: { do: 'add partitions', partitions } }];
  const why = 'it holds messages, and agents would change partitions and lose their order';
  return [{ what: `${what}; ${why}: set bus.partitions to ${found.partitions}, or name a new topic, everywhere` }];
}

function compareReplication({ replication }: WantedTopic, found: FoundTopic): Difference[] {
  if (found.replication >= replication) return [];
  const how = 'add replicas with kafka-reassign-partitions.sh';
  return [{ what: `has ${many(found.replication, 'replica')}, not ${replication}: ${how}, or lower bus.replication` }];
}

/** With fewer copies than wanted, less can be in sync: asking for more would stop all publishing. */
function compareInSync({ replication }: WantedTopic, found: FoundTopic): Difference[] {
  const setting = 'min.insync.replicas';
  const inSync = numberIn(found, setting);
  if (inSync === undefined) return [];
  const least = inSyncOf(Math.min(replication, found.replication));
  if (inSync < least) return [raised(setting, inSync, least)];
  const most = inSyncOf(found.replication);
  if (inSync <= most) return [];
  const effect = inSync > found.replication ? 'nothing can be published' : 'nothing is published with a broker away';
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

/** An event holds what changed, not all of its agent: one cannot stand for those before it. */
function comparePolicy({ settings, holdsMessages }: FoundTopic): Difference[] {
  const setting = 'cleanup.policy';
  const policies = settings[setting]?.split(',').map((policy) => policy.trim());
  if (!policies?.includes('compact')) return [];
  const what = 'is compacted, which drops changes that regions have not read';
  if (policies.includes('delete') || !holdsMessages) return [{ what, step: { do: 'set', setting, value: 'delete' } }];
  return [{ what: `${what}: set ${setting} to delete once every region has read it, as old messages go with that` }];
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

/** How a topic is, in a few words for people. */
export function describeTopic({ partitions, replication, settings }: FoundTopic): string {
  const kept = Number(settings['retention.ms'] ?? Number.NaN);
  const keeps = Number.isNaN(kept) ? [] : [`keeps messages ${kept < 0 ? 'for ever' : `for ${inWords(kept)}`}`];
  return [many(partitions, 'partition'), many(replication, 'replica'), ...keeps].join(', ');
}

/** What a step did, in words that follow the topic's name. */
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

/** E.g. `7 days`: in the largest unit that it is a whole number of. */
function inWords(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['millisecond', 1];
  return many(ms / size, unit);
}

const many = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
