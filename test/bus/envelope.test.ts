import { expect, test } from 'vitest';
import { AGENT_CHANGED, openMessage } from '../../src/bus/envelope.ts';

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
