import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidEvent } from '../../src/agent/event.ts';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { interactionsFacet } from '../../src/agent/facets.ts';
import { MESSAGE_LIMITS } from '../../src/agent/limits.ts';
import { type AgentEvent, EventPayload } from '../../src/agent/wire.ts';
import type { Json, JsonObject } from '../../src/api/openapi/components.ts';
import type { BusMessage } from '../../src/bus/bus.ts';
import {
  AGENT_CHANGED,
  CLAIM_CONFLICT,
  HEARTBEAT,
  openMessage,
  sealConflict,
  sealEvent,
  sealHeartbeat,
} from '../../src/bus/envelope.ts';
import { ConflictPayload, HeartbeatPayload } from '../../src/bus/payloads.ts';
import { illFormed, pointerTo, put, type Spot, spotsOf } from '../fixtures/ill-formed.ts';

const NOW_MS = Date.UTC(2026, 2, 2);
const EVENT: AgentEvent = {
  eventId: 'e1',
  agentId: 'crm:ana',
  timestampMs: NOW_MS,
  region: 'eu',
  source: 'push',
  facets: {
    profile: { name: 'Ana', queues: ['crm:q'], skills: { billing: 50 }, tenureDays: 0, at: NOW_MS, id: 'p' },
    ...interactionsFacet(
      { callId: 'c', state: 'CONNECTED', media: 'voice', at: NOW_MS, id: 'i' },
      { callId: 'd', state: 'CONNECTED', media: 'chat', at: NOW_MS, id: 'd' },
    ),
    claim: { fence: 1, state: 'HELD', untilMs: NOW_MS, callId: 'c', queue: 'q', completedAtMs: 0 },
  },
};
const SIDE = { fence: 1, call: 'c', region: 'eu' };
const plain = { event_id: '1', timestamp: NOW_MS, agent_id: 'crm:42', status: 'OFFLINE', region_source: 'eu' };
const MESSAGES: [string, BusMessage, JsonObject][] = [
  [AGENT_CHANGED, sealEvent(EVENT, { status: 'BUSY' }, NOW_MS, OLDEST_EXCHANGE.sends), schemaOf(EventPayload)],
  ['the plain form', { key: 'crm:42', headers: {}, value: JSON.stringify(plain) }, schemaOf(EventPayload)],
  [
    HEARTBEAT,
    sealHeartbeat(
      {
        ...{ region: 'eu', domain: 'main', timestampMs: NOW_MS, beat: 1, writer: 'eu-1', steadyMs: 1, leaving: true },
        exchange: OLDEST_EXCHANGE,
      },
      3,
    ),
    schemaOf(HeartbeatPayload),
  ],
  [
    CLAIM_CONFLICT,
    sealConflict({ agent: 'crm:ana', kept: SIDE, lost: SIDE, overlap: 'certain' }, 'eu', NOW_MS, OLDEST_EXCHANGE.sends),
    schemaOf(ConflictPayload),
  ],
];

function schemaOf(schema: object): JsonObject {
  return JSON.parse(JSON.stringify(schema));
}

const fieldOf = (message: BusMessage): string | undefined => {
  try {
    openMessage(message, NOW_MS);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidEvent)) throw error;
    return error.errors[0]?.field;
  }
};

describe.each(MESSAGES)('%s', (_, message, schema) => {
  it('is read as it is', () => {
    expect(fieldOf(message)).toBeUndefined();
  });

  it.each(spotsOf(schema, {}).map((spot): [string, Spot] => [pointerTo(spot, '*'), spot]))(
    'is a dead letter with half a character in %s, which is named',
    (__, spot) => {
      const check = (text: string): void => {
        const value = JSON.stringify(put(JSON.parse(message.value) as Json, spot, text));
        expect(fieldOf({ ...message, value })).toBe(pointerTo(spot, text));
      };
      fc.assert(fc.property(illFormed, check), { numRuns: 10 });
    },
  );

  it('is a dead letter with half a character in its key or a header', () => {
    fc.assert(
      fc.property(illFormed, (text) => {
        expect(fieldOf({ ...message, key: text })).toBe('/key');
        for (const name of ['ce_id', 'ce_subject', 'ce_source', 'muster_position', 'anything'])
          expect(fieldOf({ ...message, headers: { ...message.headers, [name]: text } })).toBe(`/headers/${name}`);
      }),
    );
  });

  it('is a dead letter where its bytes are no UTF-8, where it is too large, and where it is nested too deep', () => {
    const fields = JSON.parse(message.value) as object;
    expect(fieldOf({ ...message, isUtf8: false })).toBe('/');
    const padded = `${' '.repeat(MESSAGE_LIMITS.message.most)}${message.value}`;
    expect(fieldOf({ ...message, value: padded })).toBe('/');
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const value = JSON.stringify(fields).replace(/}$/, `,"more":${deep}}`);
    expect(fieldOf({ ...message, value })).toContain('/more');
  });
});

it('a reserved call id is refused in reports', () => {
  const interactions = [{ call_id: 'unseen/voice/1', state: 'CONNECTED' }];
  const value = JSON.stringify({ ...plain, interactions });
  expect(fieldOf({ key: 'k', headers: {}, value })).toBe('/interactions/0/call_id');
  expect(fieldOf({ key: 'k', headers: { ce_type: AGENT_CHANGED }, value })).toBeUndefined();
});
