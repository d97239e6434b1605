import { describe, expect, it } from 'vitest';
import { failureOf, retryAfterMs } from '../../src/platforms/cxone/failure.ts';
import { capacityOf, levelOf, profileOf, readAssignment } from '../../src/platforms/cxone/profile.ts';
import { Row, timeOf } from '../../src/platforms/cxone/row.ts';

const OMNI = { deliveryMode: 'Omnichannel', voiceThreshold: 1, chatThreshold: 3, emailThreshold: 5 };

describe('a row', () => {
  it('is read whatever the case of its names and whatever it says for none', () => {
    const row = new Row({ ContactStateId: 4, isAcw: 'True', skillId: '0', teamId: 0, name: '', custom: null, n: '7' });
    expect([row.number('contactStateId'), row.flag('isACW'), row.number('n')]).toEqual([4, true, 7]);
    expect([row.id('skillId'), row.id('teamId'), row.text('name'), row.text('custom')]).toEqual(
      Array(4).fill(undefined),
    );
  });

  it('takes the first of several names that says something', () => {
    expect(new Row({ mediaType: 3, mediaTypeId: null }).number('mediaTypeId', 'mediaType')).toBe(3);
  });

  it.each([
    ['2026-03-02T15:04:10.123Z', Date.UTC(2026, 2, 2, 15, 4, 10, 123)],
    ['2026-03-02T16:04:10+01:00', Date.UTC(2026, 2, 2, 15, 4, 10)],
    [Date.UTC(2026, 2, 2), Date.UTC(2026, 2, 2)],
    ['2026-03-02T15:04:10', undefined],
    ['0001-01-01T00:00:00Z', undefined],
    ['yesterdayZ', undefined],
    [0, undefined],
  ])('has a time only where it names a zone: %s', (text, expected) => {
    expect(timeOf(text)).toBe(expected);
  });
});

describe('an agent’s capacity', () => {
  it('is each threshold beside all other media, and the total', () => {
    const capacity = capacityOf(new Row({ ...OMNI, workItemThreshold: 2, digitalThreshold: 9, totalContactCount: 12 }));
    expect(capacity?.total).toBe(12);
    const units = Object.entries(capacity?.media ?? {}).map(([media, { units }]) => [media, units]);
    expect(Object.fromEntries(units)).toEqual({ voice: 1, voicemail: 1, chat: 3, email: 5, work_item: 2, message: 9 });
    expect(capacity?.media.voice?.beside).toEqual(['chat', 'email', 'work_item', 'message']);
    expect(capacity?.media.chat?.beside).toEqual(['voice', 'voicemail', 'email', 'work_item', 'message']);
  });

  it('leaves out what has no threshold, and takes voice for one at most', () => {
    const capacity = capacityOf(new Row({ deliveryMode: 'omnichannel', voiceThreshold: 4, smsThreshold: 2 }));
    expect(capacity).toEqual({
      media: {
        voice: { units: 1, beside: expect.any(Array) },
        voicemail: { units: 1, beside: expect.any(Array) },
        message: { units: 2, beside: expect.any(Array) },
      },
    });
  });

  it.each([
    ['one contact at a time', { ...OMNI, deliveryMode: 'Single Contact' }],
    ['no delivery mode', { ...OMNI, deliveryMode: undefined }],
    ['no thresholds', { deliveryMode: 'Omnichannel', totalContactCount: 5 }],
  ])('is not known: %s', (_, fields) => {
    expect(capacityOf(new Row(fields))).toBeUndefined();
  });
});

describe('a profile', () => {
  const active = { isActive: true, isSkillActive: true, isAgentActive: true };
  const assignment = (fields: object) =>
    readAssignment(new Row({ agentId: 1, skillId: 2206, skillName: 'Billing EN', ...active, ...fields }));

  it.each([
    [1, 100],
    [20, 0],
    [3, 89],
    [0, 100],
    [99, 0],
    [undefined, 0],
  ])('turns proficiency %s into level %s', (proficiency, level) => {
    expect(levelOf(proficiency)).toBe(level);
  });

  it('reads proficiency in either spelling', () => {
    expect(assignment({ agentProficiencyValue: 1 })?.level).toBe(100);
    expect(assignment({ agentProficencyValue: 20 })?.level).toBe(0);
  });

  it.each(['isActive', 'isSkillActive', 'isAgentActive'])('counts no skill where %s is not true', (flag) => {
    expect(assignment({})?.isRouted).toBe(true);
    expect(assignment({ [flag]: false })?.isRouted).toBe(false);
    expect(assignment({ [flag]: undefined })?.isRouted).toBe(false);
  });

  it('counts no outbound skill', () => {
    expect(assignment({ isOutbound: true })?.isRouted).toBe(false);
  });

  it('has skills as queues and as levels, in an order of its own', () => {
    const [billing, sales] = [
      assignment({ agentProficiencyValue: 1 }),
      assignment({ skillId: 11, skillName: 'Sales' }),
    ];
    if (!billing || !sales) throw new Error('not read');
    const skills = new Map([billing, sales].map((one) => [one.skillId, one]));
    expect(profileOf('cx', { name: 'Ana Ruiz', skills, capacity: undefined }).profile).toEqual({
      name: 'Ana Ruiz',
      queues: ['cx:11', 'cx:2206'],
      skills: { 'Billing EN': 100, Sales: 0 },
      tenureDays: 0,
    });
  });
});

describe('a failure', () => {
  const date = 'Mon, 02 Mar 2026 15:04:10 GMT';
  it.each([
    ['a header beside an empty body', { icstatusdescription: 'Invalid Agent Id' }, '', 'Invalid Agent Id'],
    ['a header beside HTML', { icstatusdescription: 'Nope' }, '<html>sorry</html>', 'Nope'],
    ['snake case', {}, '{"error":"invalid_client","error_description":"unknown"}', 'invalid_client: unknown'],
    ['camel case', {}, '{"error":"invalid_grant","errorDescription":"bad key"}', 'invalid_grant: bad key'],
    ['a mixture', {}, '{"error":"e","error_Description":"d"}', 'e: d'],
    ['a message', {}, '{"message":"too much"}', 'too much'],
    ['plain text', {}, 'Service Unavailable', 'Service Unavailable'],
    ['nothing', {}, '', 'no reason given'],
  ])('says why: %s', (_, headers, text, why) => {
    const failure = failureOf({ status: 404, headers: { date, ...headers }, text }, 'GET agents/states');
    expect(failure.message).toBe(`GET agents/states was refused with 404: ${why}`);
    expect(failure.atMs).toBe(Date.parse(date));
  });

  it('asks to wait only where it says so', () => {
    expect(retryAfterMs({ headers: { 'retry-after': '3' } })).toBe(3000);
    expect(retryAfterMs({ headers: {} })).toBeUndefined();
  });
});
