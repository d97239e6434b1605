import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitProfile, InvalidEvent, oversized, readEvent } from '../../src/agent/event.ts';
import {
  type Facets,
  type Interaction,
  interactionsFacet,
  type Profile,
  type Stamped,
} from '../../src/agent/facets.ts';
import { RECORD_LIMITS, TEXT_LIMITS } from '../../src/agent/limits.ts';
import { isBeyondBound, merge } from '../../src/agent/merge.ts';
import { flawIn } from '../../src/agent/text.ts';

const AT = Date.UTC(2026, 0, 1);
const many = (count: number, of: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => of(i));
const profileOf = (more: Partial<Profile>): Profile => ({
  name: 'Ana',
  queues: [],
  skills: {},
  tenureDays: 0,
  ...more,
});
const skillsOf = (names: string[]): Record<string, number> => Object.fromEntries(names.map((name) => [name, 50]));

const read = (facets: object): Facets =>
  readEvent({ event_id: 'e', timestamp: AT, agent_id: 'crm:z', ...facets }, { region: 'eu', status: 'report' }).facets;
const refusalOf = (facets: object): string[] => {
  try {
    read(facets);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    return error.errors.map(({ field }) => field);
  }
};

describe('an event', () => {
  it('is refused beyond the limit of skills and of queues', () => {
    const { skills, queues } = RECORD_LIMITS;
    expect(refusalOf({ profile: { skills: skillsOf(many(skills.most, (i) => `s${i}`)) } })).toEqual([]);
    expect(refusalOf({ profile: { skills: skillsOf(many(skills.most + 1, (i) => `s${i}`)) } })).toEqual([
      '/profile/skills',
    ]);
    expect(refusalOf({ profile: { queues: many(queues.most + 1, (i) => `crm:${i}`) } })).toEqual(['/profile/queues']);
  });

  it('is refused with a skill name beyond the limit', () => {
    const { most } = TEXT_LIMITS.skillName;
    expect(refusalOf({ profile: { skills: { ['\u{1f600}'.repeat(most)]: 1 } } })).toEqual([]);
    expect(refusalOf({ profile: { skills: { ['s'.repeat(most + 1)]: 1 } } })[0]).toContain('/profile/skills/sss');
    expect(refusalOf({ profile: { skills: { '': 1 } } })[0]).toContain('/profile/skills');
  });

  it('is refused with a profile beyond its limit in bytes', () => {
    const wide = skillsOf(many(RECORD_LIMITS.skills.most, (i) => `${i}${'\u{1f600}'.repeat(90)}`));
    expect(refusalOf({ profile: { skills: wide } })).toEqual(['/profile']);
  });

  it('is refused with an interaction beyond its limit in bytes', () => {
    const call = (text: string) => ({ call_id: text.repeat(200), event_id: text.repeat(200), state: 'CONNECTED' });
    expect(refusalOf({ interactions: [call('c')] })).toEqual([]);
    expect(refusalOf({ interactions: [call('\u{1f600}')] })).toEqual(['/interactions/0']);
    expect(refusalOf({ interactions: [{ ...call('\u0001'), media: 'chat' }] })).toEqual(['/interactions/0']);
  });

  it('with 5,200 skills is refused with a short message', () => {
    const skills = skillsOf(many(5200, (i) => `${i}-${'x'.repeat(190)}`));
    const fields = refusalOf({ profile: { skills } });
    expect(fields.length).toBeGreaterThan(0);
    expect(fields.length).toBeLessThanOrEqual(100);
    for (const field of fields) expect(field).toMatch(/^\/profile\/skills/);
  });
});

/** Facets with as much text as is let in. */
const fullest = fc.constantFrom('a', '"', '\u00e9', '\u6f22', '\u{1f600}', '\u0001').chain((letter) =>
  fc.record({
    profile: fc.constant({
      name: letter.repeat(200),
      queues: many(RECORD_LIMITS.queues.most, (i) => `${i}:${letter.repeat(150)}`),
      skills: skillsOf(many(RECORD_LIMITS.skills.most, (i) => `${i}${letter.repeat(96)}`)),
    }),
    calls: fc.array(fc.string({ minLength: 150, maxLength: 190 }), { minLength: 60, maxLength: 60 }),
  }),
);

describe('a record', () => {
  it('never exceeds its limit, however many events it is merged from', () => {
    fc.assert(
      fc.property(fullest, ({ profile, calls }) => {
        const { profile: fitting } = fitProfile(profileOf(profile));
        let facets: Facets = { profile: { ...fitting, at: AT, id: 'p'.repeat(200) } };
        for (const state of ['presence', 'activity'] as const) {
          const word = { state: state === 'presence' ? 'PAUSED' : 'NOT_RESPONDING', reason: '\u{1f600}'.repeat(60) };
          facets = merge(facets, { [state]: { ...word, at: AT, id: '\u{1f600}'.repeat(200) } } as Facets).facets;
        }
        for (const [i, callId] of calls.entries()) {
          const one: Stamped<Interaction> = {
            callId,
            state: 'CONNECTED',
            media: i === 0 ? 'voice' : 'work_item',
            connectedAt: AT,
            at: AT + i,
            id: `${callId}/${i}`,
          };
          const change = interactionsFacet(one);
          const after = merge(facets, change).facets;
          if (oversized(change).length === 0 && !isBeyondBound(facets, after)) facets = after;
        }
        expect(oversized(facets)).toEqual([]);
        expect(Buffer.byteLength(JSON.stringify(facets))).toBeLessThanOrEqual(RECORD_LIMITS.record.most);
      }),
    );
  });

  it('has a limit that follows from those of its parts', () => {
    const { profile, remembered, interaction, numbered, record } = RECORD_LIMITS;
    const words = 2 * (4 * (TEXT_LIMITS.reason.most + TEXT_LIMITS.name.most) + 200);
    const seconds = 4 * numbered.most * TEXT_LIMITS.name.most;
    expect(profile.most + remembered.most + interaction.most + seconds + words).toBeLessThanOrEqual(record.most);
  });
});

describe('a profile of a platform', () => {
  const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 260 });
  const profiles = fc.record({
    name: texts,
    queues: fc.uniqueArray(texts, { maxLength: 260 }),
    skills: fc.dictionary(texts, fc.nat(100), { maxKeys: 260 }),
    tenureDays: fc.constant(0),
  });

  it('is truncated until it fits, and left alone if it fits', () => {
    fc.assert(
      fc.property(profiles, (given) => {
        const { profile, cut } = fitProfile(given);
        const stamped = { ...profile, at: AT, id: 'i'.repeat(200) };
        expect(oversized({ profile: stamped })).toEqual([]);
        expect(flawIn(profile)).toBeUndefined();
        expect(refusalOf({ profile: { name: profile.name, queues: profile.queues, skills: profile.skills } })).toEqual(
          [],
        );
        expect(cut.queues).toBe(given.queues.length - profile.queues.length);
        expect(cut.skills).toBe(Object.keys(given.skills).length - Object.keys(profile.skills).length);
        expect(fitProfile(profile)).toEqual({ profile, cut: { queues: 0, skills: 0, texts: 0 } });
        if (cut.queues + cut.skills + cut.texts === 0) expect(profile).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the first 200 queues and skills and counts the others', () => {
    const given = profileOf({ queues: many(215, (i) => `cx:${i}`), skills: skillsOf(many(203, (i) => `s${i}`)) });
    const { profile, cut } = fitProfile(given);
    expect(profile.queues).toEqual(given.queues.slice(0, 200));
    expect(Object.keys(profile.skills)).toHaveLength(200);
    expect(cut).toEqual({ queues: 15, skills: 3, texts: 0 });
  });

  it('has names shortened between characters, and keeps the higher level of two skills that become one', () => {
    const long = '\u{1f600}'.repeat(100);
    const { profile, cut } = fitProfile(
      profileOf({ name: '\u{1f600}'.repeat(201), skills: { [`${long}a`]: 20, [`${long}b`]: 70 } }),
    );
    expect(profile.name).toBe('\u{1f600}'.repeat(200));
    expect(profile.skills).toEqual({ [long]: 70 });
    expect(cut).toEqual({ queues: 0, skills: 1, texts: 3 });
  });
});
