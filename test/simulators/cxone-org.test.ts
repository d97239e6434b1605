import { buildOrg } from '@muster/simulators/cxone/org';
import { describe, expect, it } from 'vitest';

/** People and skills without what points back. */
const told = (seed: number) => {
  const org = buildOrg({ seed, agents: 40, queues: 4, omnichannel: 0.5 });
  return org.employees.map(({ assignments, team, ...employee }) => ({
    ...employee,
    teamId: team.teamId,
    skills: assignments.map(({ skill, proficiency, isActive }) => [skill.skillId, proficiency, isActive]),
  }));
};

describe('the business unit of the CXone simulator', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(told(7)).toEqual(told(7));
    expect(told(7)).not.toEqual(told(8));
  });

  it('has people who answer calls alone, and people who may carry more', () => {
    for (const { isOmnichannel, totalContactCount, skills } of told(7)) {
      expect(totalContactCount > 1).toBe(isOmnichannel);
      const written = skills.filter(([skillId]) => Number(skillId) >= 2205);
      expect(written.length > 0).toBe(isOmnichannel);
    }
  });
});
