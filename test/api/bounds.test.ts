import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partitionOf, writeFields } from '../../src/bus/envelope.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const SINCE_MS = RECENTLY_MS;
const TOPIC = 'agent.status.change';
const PARTITIONS = 12;
let regions: Regions;
let url: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], replicas: false });
  url = (regions[0] as { url: string }).url;
});
afterAll(() => regions?.stop());

const agent = (id: string): string => `crm-eu:${id}`;
const known = (id: string) => ask(`${url}/v1/agents/${encodeURIComponent(agent(id))}`);
const report = (id: string, more: object, atMs = SINCE_MS) => eventOf(agent(id), 'AVAILABLE', atMs, more);
const send = (body: unknown) => ask(`${url}/v1/events`, 'POST', body);

/** What somebody beside Muster writes to the bus, as it is; then an event behind it, in the same partition. */
async function onTheBus(id: string, fields: (string | Buffer)[]): Promise<void> {
  const stream = `${TOPIC}:${partitionOf(agent(id), PARTITIONS)}`;
  const redis = await createClient({ url: regions.bus.url }).connect();
  const behind = JSON.stringify({ ...eventOf(agent(id), 'OFFLINE', SINCE_MS), region_source: 'eu' });
  await redis.sendCommand(['XADD', stream, '*', ...fields]);
  await redis.sendCommand(['XADD', stream, '*', ...writeFields({ key: agent(id), headers: {}, value: behind })]);
  redis.destroy();
}

async function lastDeadLetter(): Promise<{ value: string; all: string }> {
  const redis = await createClient({ url: regions.bus.url }).connect();
  const [last] = (await redis.xRevRange(`${TOPIC}.dlq`, '+', '-', { COUNT: 1 })) ?? [];
  redis.destroy();
  return { value: last?.message.value ?? '', all: JSON.stringify(last?.message ?? {}) };
}

const manySkills = () =>
  Object.fromEntries(Array.from({ length: 5200 }, (_, i) => [`skill-${i}-${'x'.repeat(180)}`, 50]));

describe('too much of an agent', () => {
  it('is refused, field by field, and nothing of it is done', async () => {
    const queues = Array.from({ length: 201 }, (_, i) => `crm-eu:${i}`);
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}${'\u{1f600}'.repeat(90)}`, 50]));
    for (const [profile, field] of [
      [{ skills: manySkills() }, '/profile/skills'],
      [{ queues }, '/profile/queues'],
      [{ skills: wide }, '/profile'],
    ] as const) {
      const { status, body } = await send([report('before', {}), report('much', { profile })]);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'invalid_request' });
      expect(body.errors[0].field.startsWith(`/1${field}`)).toBe(true);
    }
    expect((await known('before')).status).toBe(404);
    expect((await known('much')).status).toBe(404);
  });

  it('is a dead letter on the bus, and what is behind it is applied', async () => {
    const value = JSON.stringify({ ...report('bus', { profile: { skills: manySkills() } }), region_source: 'eu' });
    await onTheBus('bus', writeFields({ key: agent('bus'), headers: {}, value }));
    await vi.waitFor(async () => expect((await known('bus')).body.status).toBe('OFFLINE'), SOON);
    expect((await known('bus')).body.skills).toEqual({});
    expect((await lastDeadLetter()).all).toContain('must be of 262144 bytes at most');
  });
});

describe('text that is not well-formed', () => {
  it('is a dead letter on the bus, and what is behind it is applied', async () => {
    const value = JSON.stringify({ ...report('half', { profile: { skills: { '\ud800': 50 } } }), region_source: 'eu' });
    await onTheBus('half', writeFields({ key: agent('half'), headers: {}, value }));
    await vi.waitFor(async () => expect((await known('half')).body.status).toBe('OFFLINE'), SOON);
    expect(await lastDeadLetter()).toMatchObject({ value, all: expect.stringContaining('/profile/skills/') });
  });

  it('is a dead letter as bytes that are no UTF-8, too', async () => {
    const value = Buffer.from(
      JSON.stringify({ ...report('bytes', { reason: 'caf\xe9' }), region_source: 'eu' }),
      'latin1',
    );
    await onTheBus('bytes', ['key', agent('bytes'), 'headers', '{}', 'value', value]);
    await vi.waitFor(async () => expect((await known('bytes')).body.status).toBe('OFFLINE'), SOON);
    expect((await lastDeadLetter()).all).toContain('is not UTF-8');
  });
});

describe('JSON that is nested too deep', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  it.each(['/v1/events', '/v1/claims', '/v1/route'])('is refused, with a key of its caller’s too: %s', async (path) => {
    for (const key of [undefined, 'deep']) {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': `${key}${path}` }) },
        body: `{"call_id":"c","queue":"support","more":${deep}}`,
      });
      const { code, errors } = (await response.json()) as { code: string; errors?: { message: string }[] };
      expect({ status: response.status, code }).toEqual({ status: 400, code: 'invalid_request' });
      expect(errors?.[0]?.message).toContain('nested deeper than 64 levels');
    }
  });
});

describe('ids that Muster itself gives', () => {
  it('are nobody else’s to report, or to claim with', async () => {
    const call = { call_id: 'unseen/chat/1', state: 'CONNECTED' };
    const refused = (field: string) => ({ status: 400, body: { errors: [{ field }] } });
    expect(await send(report('own', { interactions: [call] }))).toMatchObject(refused('/interactions/0/call_id'));
    expect(await send(report('own', { interactions: [{ ...call, media: 'chat' }] }))).toMatchObject(
      refused('/interactions/0/call_id'),
    );
    const wish = { queue: 'support', call_id: call.call_id };
    expect(await ask(`${url}/v1/claims`, 'POST', wish)).toMatchObject(refused('/call_id'));
    expect(await ask(`${url}/v1/route`, 'POST', wish)).toMatchObject(refused('/call_id'));
    const query = new URLSearchParams(wish);
    expect(await ask(`${url}/agents/available?${query}`)).toMatchObject(refused('/call_id'));
  });
});

describe('texts that stand for nothing in a record', () => {
  /** What headers of records, registers and lists have where there is nothing to say, or between what they say. */
  const WORDS = [
    '-',
    '%2D',
    '0',
    'none',
    'null',
    'undefined',
    'voice',
    'home',
    ':',
    ',',
    ';',
    '|',
    '~',
    ' ',
    '\n',
    '[]',
    '__proto__',
    'constructor',
  ];

  it.each(WORDS)('are themselves where a caller sends them: %j', async (word) => {
    const id = `word-${WORDS.indexOf(word)}`;
    // No JSON with such a key is taken.
    const skills = word === '__proto__' ? {} : { [word]: 7 };
    const profile = { name: word, queues: ['crm-eu:support', `crm-eu:${word}`], skills };
    const presence = { state: 'ON_DUTY', reason: word };
    const sent = { ...report(id, { profile, presence, activity: { state: 'IDLE' } }), event_id: word };
    expect((await send(sent)).status).toBe(202);
    const found = (await known(id)).body;
    expect(found).toMatchObject({
      name: word,
      queues: profile.queues,
      facets: { presence: { reason: word, event_id: word } },
    });
    expect(found.skills).toEqual(skills);
    const wish = { queue: `crm-eu:${word}`, call_id: word, skills, agent_id: agent(id) };
    const claimed = await ask(`${url}/v1/claims`, 'POST', wish);
    expect(claimed).toMatchObject({ status: 201, body: { call_id: word, queue: wish.queue, agent_id: agent(id) } });
    expect((await ask(`${url}/v1/claims`, 'POST', wish)).body.claim_id).toBe(claimed.body.claim_id);
    const other = { ...wish, call_id: `${word}${word}` };
    expect(await ask(`${url}/v1/claims`, 'POST', other)).toMatchObject({
      status: 409,
      body: { code: 'no_agent_available' },
    });
    const { body } = await ask(`${url}/v1/claims/${encodeURIComponent(claimed.body.claim_id)}/complete`, 'POST', {});
    expect(body).toMatchObject({ call_id: word, state: 'ENDED', queue: wish.queue });
  });
});

describe('an event that has the name of another', () => {
  it('changes nothing with the same times, and is another event with a later one', async () => {
    const first = report('named', {});
    expect((await send(first)).body.events[0].outcome).toMatch(/^(applied|duplicate)$/);
    expect((await send(first)).body.events[0].outcome).toBe('duplicate');
    const later = { ...first, status: 'OFFLINE', timestamp: SINCE_MS + 1 };
    expect((await send(later)).body.events[0].outcome).toMatch(/^(applied|duplicate)$/);
    expect((await known('named')).body.status).toBe('OFFLINE');
  });
});
