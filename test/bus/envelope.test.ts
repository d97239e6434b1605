import { describe, expect, test } from 'vitest';
import { InvalidEvent } from '../../src/agent/event.ts';
import { EXCHANGE, OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import { AGENT_CHANGED, HEARTBEAT, openMessage, sealEvent, sealHeartbeat } from '../../src/bus/envelope.ts';

const NOW_MS = Date.UTC(2025, 10, 25);
const PLAIN = { event_id: '1', timestamp: NOW_MS / 1000, agent_id: 'crm:42', status: 'OFFLINE', region_source: 'eu' };

const open = (payload: object) => openMessage({ key: 'crm:42', headers: {}, value: JSON.stringify(payload) }, NOW_MS);

test('the plain form is read from any sender', () => {
  expect(open(PLAIN)).toEqual({
    type: AGENT_CHANGED,
    event: {
      eventId: '1',
      agentId: 'crm:42',
      timestampMs: NOW_MS,
      region: 'eu',
      facets: { presence: { state: 'OFF_DUTY', isPlain: true, at: NOW_MS, id: '1' } },
    },
  });
});

test.each(['event_id', 'timestamp', 'agent_id', 'status', 'region_source'])('but not without %s', (field) => {
  expect(() => open({ ...PLAIN, [field]: undefined })).toThrow(field);
});

describe('a message of a later version', () => {
  const sealed = sealEvent(
    {
      ...{ eventId: '1', agentId: 'crm:42', timestampMs: NOW_MS, region: 'eu' },
      facets: { presence: { state: 'OFF_DUTY', at: NOW_MS, id: '1' } },
    },
    { status: 'OFFLINE' },
    NOW_MS,
    EXCHANGE.newest,
  );
  const beat = sealHeartbeat(
    {
      ...{ region: 'eu', domain: 'main', timestampMs: NOW_MS, beat: 1, writer: 'eu-1', steadyMs: 1, leaving: false },
      exchange: OLDEST_EXCHANGE,
    },
    3,
  );
  const withMore = (message: BusMessage): BusMessage => {
    const payload = JSON.parse(message.value) as Record<string, object>;
    const facets = Object.fromEntries(Object.entries(payload).map(([name, value]) => [name, grown(value)]));
    return { ...message, value: JSON.stringify({ ...facets, later: { than: ['this'] } }) };
  };
  const grown = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, later: 1 } : value;

  test.each([sealed, beat])('is read without the fields that are unknown here: %#', (message) => {
    expect(openMessage(withMore(message), NOW_MS)).toEqual(openMessage(message, NOW_MS));
  });

  test('is refused with any other mistake', () => {
    const value = withMore(sealed).value.replace('OFF_DUTY', 'OUT');
    expect(() => openMessage({ ...sealed, value }, NOW_MS)).toThrow('/presence/state');
  });

  test.each([sealed, beat])('is refused if a reader must know its format: %#', (message) => {
    const headers = { ...message.headers, muster_format: String(EXCHANGE.newest + 1) };
    expect(() => openMessage({ ...message, headers }, NOW_MS)).toThrow(
      `is ${EXCHANGE.newest + 1}, and this version of Muster reads messages up to format ${EXCHANGE.newest}`,
    );
  });

  test('may lack the formats of its region: then they are the oldest', () => {
    const { formats: _, ...payload } = JSON.parse(beat.value) as { formats: object };
    expect(openMessage({ ...beat, value: JSON.stringify(payload) }, NOW_MS)).toEqual(openMessage(beat, NOW_MS));
  });

  test('is not what any other sender writes: its unknown fields are mistakes', () => {
    expect(() => open({ ...PLAIN, later: 1 })).toThrow('/later');
  });
});

test.each([null, {}, { sends: 1 }, { sends: 'x', reads: 1 }, 'both'])(
  'a heartbeat whose formats are %j is refused, and the field is named',
  (formats) => {
    const beat = { region_source: 'eu', domain: 'main', timestamp: NOW_MS, beat: 1, writer: 'eu-1', steady_ms: 1 };
    const message = { key: '3', headers: { ce_type: HEARTBEAT }, value: JSON.stringify({ ...beat, formats }) };
    expect(() => openMessage(message, NOW_MS)).toThrow(InvalidEvent);
    expect(() => openMessage(message, NOW_MS)).toThrow(/^\/formats\/(sends|reads) is not a number$/);
  },
);
