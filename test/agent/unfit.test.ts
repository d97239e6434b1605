import { describe, expect, it } from 'vitest';
import { unfit } from '../../src/agent/event.ts';
import { interactionsFacet } from '../../src/agent/facets.ts';
import type { AgentEvent } from '../../src/agent/wire.ts';

const AT = Date.UTC(2026, 0, 1);
const version = { at: AT, id: 'emea:ana/1' };
const EVENT: AgentEvent = {
  eventId: 'emea:ana/1',
  agentId: 'emea:ana',
  timestampMs: AT,
  region: 'eu',
  facets: {
    profile: { name: 'Ana', queues: ['emea:q'], skills: { billing: 50 }, tenureDays: 0, ...version },
    presence: { state: 'PAUSED', reason: 'MEAL', ...version },
    ...interactionsFacet({ callId: 'unseen/voice/1', state: 'CONNECTED', media: 'voice', connectedAt: AT, ...version }),
    claim: { fence: 1, state: 'HELD', untilMs: AT, callId: 'c', queue: 'q', completedAtMs: 0 },
  },
};
const facets = (more: AgentEvent['facets']) => unfit({ ...EVENT, facets: { ...EVENT.facets, ...more } });

describe('an event of a platform adapter', () => {
  it('is accepted if other regions can read it', () => {
    expect(unfit(EVENT)).toEqual([]);
  });

  it.each<[string, () => { field: string }[], string]>([
    ['an id of too many characters', () => unfit({ ...EVENT, agentId: `emea:${'x'.repeat(200)}` }), '/agent_id'],
    ['an id with a space', () => unfit({ ...EVENT, agentId: 'emea:an a' }), '/agent_id'],
    [
      'half a character',
      () => facets({ presence: { state: 'PAUSED', reason: 'a\ud83d', ...version } }),
      '/presence/reason',
    ],
    [
      'a call of half a character',
      () => facets(interactionsFacet({ callId: '\udc00', state: 'ENDED', media: 'voice', ...version })),
      '/interactions/0/call_id',
    ],
    [
      'a reason that is too long',
      () => facets({ activity: { state: 'IDLE', reason: 'x'.repeat(61), ...version } }),
      '/activity/reason',
    ],
    ['a time of no event', () => facets({ presence: { state: 'PAUSED', at: 0, id: 'x' } }), '/presence/at'],
    [
      'too many queues',
      () =>
        facets({
          profile: {
            name: 'Ana',
            queues: Array.from({ length: 201 }, (_, i) => `q${i}`),
            skills: {},
            tenureDays: 0,
            ...version,
          },
        }),
      '/profile/queues',
    ],
  ])('is not with %s', (_, wrong, field) => {
    expect(wrong()[0]?.field).toBe(field);
  });
});
