import { campaign, nameOf } from './bodies.ts';
import { MEDIA_TYPES } from './dictionaries.ts';
import { iso } from './listing.ts';
import type { Assignment } from './org.ts';
import type { World } from './world.ts';

/** Time at which all agents were hired and got their skills. */
export const ASSIGNED_MS = Date.UTC(2026, 1, 11, 9, 12);

/** Placeholders: the platform does not publish the names of the levels. */
function proficiencyName(value: number): string {
  if (value === 1) return 'Highest';
  return value <= 6 ? 'High' : value <= 13 ? 'Medium' : 'Low';
}

/** One skill of one agent. Old versions misspell proficiency. */
export function assignmentRow({ skill, employee, proficiency, isActive }: Assignment, world: World): object {
  const agent = world.agents.get(employee.agentId);
  const word = world.switches.fieldNames === 'legacy' ? 'Proficency' : 'Proficiency';
  return {
    agentId: employee.agentId,
    agentName: nameOf(agent),
    teamId: employee.team.teamId,
    skillId: skill.skillId,
    skillName: skill.skillName,
    isActive,
    isSkillActive: true,
    isAgentActive: agent.isActive,
    [`agent${word}Value`]: proficiency,
    [`agent${word}Name`]: proficiencyName(proficiency),
    mediaType: skill.mediaTypeId,
    mediaTypeName: MEDIA_TYPES[skill.mediaTypeId],
    isOutbound: false,
    outboundStrategy: '',
    isDialer: false,
    isNaturalCalling: false,
    ...campaign(),
    useACW: skill.acw !== undefined,
    requireDisposition: false,
    internalId: '',
    lastUpdateTime: iso(ASSIGNED_MS),
  };
}
