import { describe, expect, it } from 'vitest';
import { type Facets, interactionsFacet } from '../../src/agent/facets.ts';
import { virtualArrival } from '../../src/agent/status.ts';

const agent: Facets = {
  profile: { name: 'Ana', queues: [], skills: { billing: 80, spanish: 40 }, tenureDays: 800, at: 1, id: 'p' },
  presence: { state: 'ON_DUTY', at: 900_000, id: 'a' },
  activity: { state: 'IDLE', at: 1_000_000, id: 'b' },
  ...interactionsFacet({ callId: 'c', state: 'ENDED', media: 'voice', at: 990_000, connectedAt: 870_000, id: 'c' }),
};
const weights = { tenureSecondsPerYear: 0, proficiencySeconds: 0, fairnessSecondsPerMinute: 0, surplusSeconds: 0 };

describe('virtual arrival', () => {
  it('is the time since which the agent is available if all weights are 0', () => {
    expect(virtualArrival(agent, weights).arrivalMs).toBe(1_000_000);
  });

  it('adds bonuses and penalties in seconds of waiting time', () => {
    const all = { tenureSecondsPerYear: 3, proficiencySeconds: 10, fairnessSecondsPerMinute: 5, surplusSeconds: 0 };
    expect(virtualArrival(agent, all)).toEqual({
      arrivalMs: 1_000_000 - 6_000 - 6_000 + 10_000,
      parts: {
        availableSinceMs: 1_000_000,
        tenureBonusMs: 6_000,
        proficiencyBonusMs: 6_000,
        fairnessPenaltyMs: 10_000,
      },
    });
  });

  it('is positive, even for an agent without any facets', () => {
    expect(virtualArrival({}, { ...weights, tenureSecondsPerYear: 1e9 }).arrivalMs).toBe(1);
  });
});
