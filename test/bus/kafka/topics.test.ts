import { assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  compare,
  describeTopic,
  type FoundTopic,
  type Step,
  type TopicsSpec,
  type WantedTopic,
  wantedTopics,
} from '../../../src/bus/kafka/topics.ts';

const SPEC: TopicsSpec = { topic: 'agent.status.change', partitions: 12, replication: 3, retentionHours: 168 };
const [EVENTS, DEAD_LETTERS] = wantedTopics(SPEC, 3);
const FINE: FoundTopic = {
  partitions: 12,
  replication: 3,
  holdsMessages: true,
  settings: {
    'min.insync.replicas': '2',
    'retention.ms': '604800000',
    'cleanup.policy': 'delete',
    'max.message.bytes': '1048588',
  },
};

/** What comes of a step, as Kafka does it. */
function after(found: FoundTopic | undefined, step: Step): FoundTopic {
  if (step.do === 'create') {
    const { partitions, replication, settings } = step;
    return { partitions, replication, settings, holdsMessages: false };
  }
  if (!found) throw new Error('only a topic that is there can be changed');
  if (step.do === 'add partitions') return { ...found, partitions: step.partitions };
  return { ...found, settings: { ...found.settings, [step.setting]: step.value } };
}

function applyAll(wanted: WantedTopic, found: FoundTopic | undefined): FoundTopic | undefined {
  const steps = compare(wanted, found).flatMap(({ step }) => step ?? []);
  return steps.reduce<FoundTopic | undefined>(after, found);
}

const what = (wanted: WantedTopic, found: FoundTopic | undefined): string[] =>
  compare(wanted, found).map(({ what, step }) => `${what}${step ? ' (apply)' : ''}`);

const changed = (settings: FoundTopic['settings']): FoundTopic => ({
  ...FINE,
  settings: { ...FINE.settings, ...settings },
});

describe('what is wanted', () => {
  test('is the topic and its dead letters, with a copy on each broker at most', () => {
    expect(EVENTS).toMatchObject({ name: 'agent.status.change', partitions: 12, replication: 3 });
    expect(DEAD_LETTERS).toMatchObject({ name: 'agent.status.change.dlq', partitions: 1, replication: 3 });
    expect(wantedTopics(SPEC, 1).map(({ replication }) => replication)).toEqual([1, 1]);
    expect(wantedTopics({ ...SPEC, replication: 2 }, 5).map(({ replication }) => replication)).toEqual([2, 2]);
  });

  test.each([
    [3, '2'],
    [2, '1'],
    [1, '1'],
  ])('of %i copies, %s must be in sync', (replication, inSync) => {
    const [difference] = compare({ ...EVENTS, replication }, undefined);
    expect(difference?.step).toMatchObject({ replication, settings: { 'min.insync.replicas': inSync } });
  });
});

describe('a difference', () => {
  test('is none in a topic with the wanted settings, or better ones', () => {
    expect(compare(EVENTS, FINE)).toEqual([]);
    const more = changed({ 'retention.ms': '-1', 'max.message.bytes': '9000000', 'min.insync.replicas': '3' });
    expect(compare(EVENTS, { ...more, replication: 5 })).toEqual([]);
    expect(compare(DEAD_LETTERS, { ...FINE, partitions: 7 })).toEqual([]);
  });

  test('is none in a setting that the service hides', () => {
    expect(compare(EVENTS, { ...FINE, settings: {} })).toEqual([]);
  });

  test.each<[string, FoundTopic | undefined, string[]]>([
    ['no topic', undefined, ['does not exist (apply)']],
    [
      'too few partitions, and no messages',
      { ...FINE, partitions: 1, holdsMessages: false },
      ['has 1 partition, and bus.partitions is 12 (apply)'],
    ],
    [
      'too few partitions, and messages',
      { ...FINE, partitions: 6 },
      [
        'has 6 partitions, and bus.partitions is 12; it holds messages, and agents would change partitions and lose their order: set bus.partitions to 6, or name a new topic, in all regions',
      ],
    ],
    [
      'too many partitions',
      { ...FINE, partitions: 24, holdsMessages: false },
      [
        'has 24 partitions, and bus.partitions is 12; partitions cannot be removed: set bus.partitions to 24 in all regions',
      ],
    ],
    [
      'too few replicas, and as many in sync as those allow',
      { ...changed({ 'min.insync.replicas': '1' }), replication: 2 },
      ['has 2 replicas, not 3: add replicas with kafka-reassign-partitions.sh, or lower bus.replication'],
    ],
    ['too few in sync', changed({ 'min.insync.replicas': '1' }), ['has min.insync.replicas 1, not 2 (apply)']],
    [
      'all in sync',
      changed({ 'min.insync.replicas': '3' }),
      ['has min.insync.replicas 3 with 3 replicas, so nothing can be published while a broker is down: set it to 2'],
    ],
    [
      'more in sync than there are',
      changed({ 'min.insync.replicas': '4' }),
      ['has min.insync.replicas 4 with 3 replicas, so nothing can be published: set it to 2'],
    ],
    ['a short retention', changed({ 'retention.ms': '86400000' }), ['keeps messages for 1 day, not 7 days (apply)']],
    [
      'compaction beside deletion',
      changed({ 'cleanup.policy': 'compact, delete' }),
      ['is compacted, which drops changes that regions have not read (apply)'],
    ],
    [
      'compaction alone, of messages',
      changed({ 'cleanup.policy': 'compact' }),
      [
        'is compacted, which drops changes that regions have not read: set cleanup.policy to delete once every region has read it, because that deletes old messages',
      ],
    ],
    ['small messages', changed({ 'max.message.bytes': '65536' }), ['has max.message.bytes 65536, not 1048588 (apply)']],
  ])('is said in words: %s', (_, found, words) => {
    expect(what(EVENTS, found)).toEqual(words);
  });
});

test.each([
  ['604800000', '12 partitions, 3 replicas, keeps messages for 7 days'],
  ['-1', '12 partitions, 3 replicas, keeps messages for ever'],
  ['5400000', '12 partitions, 3 replicas, keeps messages for 5400 seconds'],
])('a retention of %s ms is told as %s', (ms, words) => {
  expect(describeTopic(changed({ 'retention.ms': ms }))).toBe(words);
});

describe('laws of the steps', () => {
  const wanted = record({
    partitions: integer({ min: 1, max: 9 }),
    replication: integer({ min: 1, max: 4 }),
    retentionHours: integer({ min: 1, max: 9 }),
    brokers: integer({ min: 1, max: 4 }),
  }).map(({ brokers, ...spec }) => wantedTopics({ topic: 'topic', ...spec }, brokers));
  const found = record({
    partitions: integer({ min: 1, max: 9 }),
    replication: integer({ min: 1, max: 4 }),
    holdsMessages: constantFrom(true, false),
    settings: record(
      {
        'min.insync.replicas': integer({ min: 1, max: 5 }).map(String),
        'retention.ms': integer({ min: -1, max: 10 * 3_600_000 }).map(String),
        'cleanup.policy': constantFrom('delete', 'compact', 'compact,delete'),
        'max.message.bytes': integer({ min: 1024, max: 4_000_000 }).map(String),
      },
      { requiredKeys: [] },
    ),
  });

  test('a missing topic is complete when created', () => {
    assert(
      property(wanted, (topics) => {
        for (const topic of topics) expect(compare(topic, applyAll(topic, undefined))).toEqual([]);
      }),
    );
  });

  test('after all steps only differences remain that a person must decide, and no new ones', () => {
    assert(
      property(wanted, found, (topics, topic) => {
        for (const each of topics) {
          const decisions = compare(each, topic).filter(({ step }) => !step);
          expect(compare(each, applyAll(each, topic))).toEqual(decisions);
        }
      }),
    );
  });

  test('no step removes anything, moves keys to other partitions, or sets min.insync.replicas too high', () => {
    assert(
      property(wanted, found, ([events], topic) => {
        const then = applyAll(events, topic);
        if (!then) throw new Error('the topic is gone');
        expect(then.replication).toBe(topic.replication);
        expect(then.partitions).toBeGreaterThanOrEqual(topic.partitions);
        if (topic.holdsMessages) expect(then.partitions).toBe(topic.partitions);
        for (const setting of ['retention.ms', 'max.message.bytes', 'min.insync.replicas'] as const) {
          const [from, to] = [topic.settings[setting], then.settings[setting]];
          if (from === to) continue;
          expect(Number(to)).toBeGreaterThan(Number(from));
          if (setting === 'min.insync.replicas')
            expect(Number(to)).toBeLessThanOrEqual(Math.max(1, then.replication - 1));
          else expect(Number(from)).toBeGreaterThanOrEqual(0);
        }
        if (topic.settings['cleanup.policy'] === 'compact' && topic.holdsMessages)
          expect(then.settings['cleanup.policy']).toBe('compact');
      }),
    );
  });
});
