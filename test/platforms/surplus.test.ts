import { describe, expect, it, vi } from 'vitest';
import { RECORD_LIMITS } from '../../src/agent/limits.ts';
import { flawIn } from '../../src/agent/text.ts';
import type { Directory } from '../../src/platforms/cxone/directory.ts';
import { readAssignment } from '../../src/platforms/cxone/profile.ts';
import { CxoneRoster } from '../../src/platforms/cxone/roster.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import { readStateRow, type StateRow, stateOf, vocabularyOf } from '../../src/platforms/cxone/state.ts';
import { parse } from '../../src/platforms/failure.ts';
import { readFrame } from '../../src/platforms/genesys/channel.ts';
import type { UserPayload } from '../../src/platforms/genesys/payloads.ts';
import { Translator } from '../../src/platforms/genesys/translator.ts';
import { isZoneless, zonedMs } from '../../src/platforms/time.ts';

const NOW = Date.parse('2026-03-02T15:00:00Z');
const EMOJI = '\u{1f600}';
const many = <T>(count: number, of: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => of(i));

/** What a connection counts and logs. */
function witness(connection: string) {
  const counts: string[] = [];
  const warnings: string[] = [];
  const warn = (event: string): void => void warnings.push(event);
  const count = (name: string, value = ''): void => void counts.push(`${name} ${value}`);
  return { context: { connection, count, log: { info: () => {}, warn } }, counts, warnings };
}

const userOf = (id: string, skills: number, name = 'Ana'): UserPayload => ({
  id,
  name,
  presence: { presenceDefinition: { systemPresence: 'On Queue' }, modifiedDate: '2026-03-02T14:00:00.000Z' },
  routingStatus: { status: 'IDLE', startTime: '2026-03-02T14:00:00.000Z' },
  skills: many(skills, (i) => ({ name: `skill ${i}`, proficiency: 3 })),
});

describe('a user of Genesys Cloud with more than a record holds', () => {
  it('is told with the first of it; the rest is counted, logged once and told in the report', () => {
    const { context, counts, warnings } = witness('emea');
    const translator = new Translator(context, new Map(), () => {});
    const queues = { ids: many(230, (i) => `q${i}`), atMs: NOW };
    for (const id of ['ana', 'bea']) {
      const { facets } = translator.read(userOf(id, 207), NOW, queues);
      expect(facets.profile?.queues).toHaveLength(RECORD_LIMITS.queues.most);
      expect(Object.keys(facets.profile?.skills ?? {})).toHaveLength(RECORD_LIMITS.skills.most);
    }
    const cut = { agents: 2, queues: 60, skills: 14, texts: 0 };
    expect(translator.surplus.report()).toEqual({ cut });
    translator.read(userOf('ana', 207), NOW + 1, queues);
    expect(translator.surplus.report()).toEqual({ cut });
    expect(counts).toEqual(['cut queues', 'cut skills', 'cut queues', 'cut skills']);
    expect(warnings).toHaveLength(2);
  });

  it('is out of the report when it fits, or the user is gone', () => {
    const { context } = witness('emea');
    const translator = new Translator(context, new Map(), () => {});
    const none = { ids: [], atMs: NOW };
    for (const id of ['ana', 'bea']) translator.read(userOf(id, 201), NOW, none);
    expect(translator.surplus.report()).toEqual({ cut: { agents: 2, queues: 0, skills: 2, texts: 0 } });
    translator.read(userOf('ana', 200), NOW + 1, none);
    translator.read({ id: 'bea', state: 'deleted' }, NOW + 1, none);
    expect(translator.surplus.report()).toEqual({});
  });

  it('has long names shortened, and no character cut in two', () => {
    const { context } = witness('emea');
    const translator = new Translator(context, new Map(), () => {});
    const user = {
      ...userOf('ana', 0, `${'x'.repeat(199)}${EMOJI}${EMOJI}`),
      skills: [{ name: `${'s'.repeat(99)}${EMOJI}s` }],
    };
    const { facets } = translator.read(user, NOW, { ids: [], atMs: NOW });
    expect(facets.profile?.name).toBe(`${'x'.repeat(199)}${EMOJI}`);
    expect(facets.profile?.skills).toEqual({ [`${'s'.repeat(99)}${EMOJI}`]: 0 });
    expect(flawIn(facets)).toBeUndefined();
    expect(translator.surplus.report().cut).toMatchObject({ agents: 1, texts: 2 });
  });
});

describe('an agent of NICE CXone with more than a record holds', () => {
  const rowOf = (fields: object): StateRow => {
    const times = { startDate: '2026-03-02T14:00:00Z', lastUpdateTime: '2026-03-02T14:00:00Z' };
    return readStateRow(new Row({ agentId: 5, agentStateId: 1, openContacts: 0, ...times, ...fields })) as StateRow;
  };

  it('is told with the first of it; the rest is counted, logged once and told in the report', () => {
    const { context, counts, warnings } = witness('cx');
    const assigned = many(215, (i) => {
      const flags = { isActive: true, isSkillActive: true, isAgentActive: true };
      const skillName = i === 0 ? `${'s'.repeat(99)}${EMOJI}s` : `Skill ${i}`;
      return readAssignment(new Row({ agentId: 5, skillId: 1000 + i, skillName, agentProficiencyValue: 1, ...flags }));
    }).flatMap((one) => one ?? []);
    const skills = new Map(assigned.map((one) => [one.skillId, one]));
    const person = () => ({ name: 'Ana', skills, capacity: undefined });
    const directory = {
      vocabulary: vocabularyOf(),
      categories: new Map(),
      isRead: true,
      atMs: NOW,
      capacity: () => undefined,
      person,
    };
    const roster = new CxoneRoster(context, directory as unknown as Directory);
    const { profile } = roster.read(rowOf({})).reading.facets;
    expect(profile?.queues).toHaveLength(RECORD_LIMITS.queues.most);
    expect(Object.keys(profile?.skills ?? {})).toHaveLength(RECORD_LIMITS.skills.most);
    expect(profile?.skills).toHaveProperty([`${'s'.repeat(99)}${EMOJI}`]);
    expect(roster.surplus.report()).toEqual({ cut: { agents: 1, queues: 15, skills: 15, texts: 1 } });
    expect(counts).toEqual(['cut queues', 'cut skills', 'cut texts']);
    expect(warnings).toHaveLength(3);
  });

  it('has the name of an unavailable code shortened between characters', () => {
    const outStateDescription = `${'c'.repeat(42)}${EMOJI}${EMOJI}`;
    const state = stateOf(rowOf({ agentStateId: 2, outStateId: 77, outStateDescription }), vocabularyOf());
    expect(state.presence.reason?.isWellFormed()).toBe(true);
    expect([...(state.presence.reason ?? '')]).toHaveLength(60);
  });
});

describe('a text of a platform that is not well-formed', () => {
  it('is made so, and counted', () => {
    const onMended = vi.fn();
    expect(parse('{"a\\ud800":["\\udc00", "\\ud83d\\ude00"]}', onMended)).toEqual({ 'a\ufffd': ['\ufffd', EMOJI] });
    expect(onMended).toHaveBeenCalledTimes(1);
    expect(parse('{"a":"\\ud83d\\ude00 \\\\ud800"}', onMended)).toEqual({ a: `${EMOJI} \\ud800` });
    expect(onMended).toHaveBeenCalledTimes(1);
  });

  it('is made so in what a channel brings, too', () => {
    const text = '{"topicName":"v2.users.ana.activity","eventBody":{"x":"\\ud800"}}';
    const onMended = vi.fn();
    expect(readFrame(text, onMended)).toMatchObject({ body: { x: '\ufffd' } });
    expect(onMended).toHaveBeenCalledTimes(1);
  });

  it('is nothing where it is nested too deep to be looked through', () => {
    expect(parse(`{"a":"\\ud800","b":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toBeUndefined();
  });
});

describe('a time', () => {
  it.each([
    '2026-03-02T15:01:40Z',
    '2026-03-02T17:01:40+02:00',
    '2026-03-02T16:01:40.000+0100',
    'Mon, 02 Mar 2026 15:01:40 GMT',
  ])('with a zone is that time: %s', (text) => {
    expect(zonedMs(text)).toBe(Date.UTC(2026, 2, 2, 15, 1, 40));
    expect(isZoneless(text)).toBe(false);
  });

  it.each([
    '2026-03-02T15:01:40',
    '3/2/2026 3:01:40 PM',
    '2026-03-02 15:01:40.123',
    '2026-03-02',
    '03-02-2026',
    'Mar 2, 2026 15:01',
  ])('without a zone is nobody’s time: %s', (text) => {
    expect(zonedMs(text)).toBeUndefined();
    expect(isZoneless(text)).toBe(true);
  });

  it.each(['', 'yesterday', 'Z', '12:00Z', null, 5, {}])('is not %j', (value) => {
    expect(zonedMs(value)).toBeUndefined();
    expect(isZoneless(value)).toBe(false);
  });

  it('without a zone is counted, logged once and told in the report of Genesys Cloud, and sets nothing', () => {
    const { context, counts, warnings } = witness('emea');
    const doubts: string[] = [];
    const translator = new Translator(context, new Map(), (id) => doubts.push(id));
    const user = userOf('ana', 0);
    const zoneless = { ...user, presence: { ...user.presence, modifiedDate: '2026-03-02T14:00:00' } };
    for (let i = 0; i < 3; i++)
      expect(translator.read(zoneless, NOW, { ids: [], atMs: 0 }).facets.presence).toBeUndefined();
    const participants = [{ userId: 'ana', purpose: 'agent', connectedTime: '3/2/2026 3:01:40 PM' }];
    expect(
      translator.notified({ kind: 'event', userId: 'ana', topic: 'conversations', body: { id: 'c', participants } }),
    ).toEqual([]);
    expect(translator.surplus.report()).toEqual({ zonelessTimes: 4 });
    expect(counts.filter((one) => one.startsWith('zoneless_time'))).toHaveLength(4);
    expect(warnings).toHaveLength(1);
    expect(doubts).toContain('ana');
  });
});
