import { type Cut, fitProfile } from '../../agent/event.ts';
import type { Capacity, Media, Profile } from '../../agent/facets.ts';
import { canonical } from './mapping.ts';
import type { Row } from './row.ts';

/** One skill that an agent is assigned, or is not any more. */
export interface SkillAssignment {
  agentId: string;
  skillId: string;
  skillName: string | undefined;
  /** Proficiency as a level, 0-100. */
  level: number;
  /** Whether contacts come by it: assignment, skill and agent are all active, and it is no outbound skill. */
  isRouted: boolean;
}

const BEST = 1;
const WORST = 20;

/** Proficiency 1 (best) to 20 (worst) as a level from 100 to 0; one that is not said is the worst. */
export function levelOf(proficiency: number | undefined): number {
  const within = Math.min(WORST, Math.max(BEST, proficiency ?? WORST));
  return Math.round(((WORST - within) / (WORST - BEST)) * 100);
}

/** @returns undefined for what names no agent or no skill */
export function readAssignment(row: Row): SkillAssignment | undefined {
  const agentId = row.id('agentId');
  const skillId = row.id('skillId');
  if (agentId === undefined || skillId === undefined) return undefined;
  const isActive = ['isActive', 'isSkillActive', 'isAgentActive'].every((flag) => row.flag(flag) === true);
  return {
    agentId,
    skillId,
    skillName: row.text('skillName'),
    // Spelled wrong by older versions.
    level: levelOf(row.number('agentProficiencyValue', 'agentProficencyValue')),
    isRouted: isActive && row.flag('isOutbound') !== true,
  };
}

/** What is known of an agent but for what they do. */
export interface Person {
  name: string;
  /** By skill id; only those by which contacts come. */
  skills: ReadonlyMap<string, SkillAssignment>;
  capacity: Capacity | undefined;
}

/**
 * The profile in a canonical order, so that equal content is equal text; and what of it a record does not hold. A skill is a
 * queue, and what is asked for in it.
 */
export function profileOf(connection: string, { name, skills, capacity }: Person): { profile: Profile; cut: Cut } {
  const assigned = [...skills.values()].sort((a, b) => (a.skillId < b.skillId ? -1 : 1));
  const levels = assigned.flatMap(({ skillName, level }) => (skillName ? [[skillName, level] as const] : []));
  const { profile, cut } = fitProfile({
    name,
    queues: assigned.map(({ skillId }) => `${connection}:${skillId}`),
    // Of too many those are left whose queues are.
    skills: Object.fromEntries(levels),
    tenureDays: 0,
    ...(capacity && { capacity }),
  });
  const sorted = Object.entries(profile.skills).sort(([a], [b]) => (a < b ? -1 : 1));
  return { profile: { ...profile, skills: Object.fromEntries(sorted) }, cut };
}

/** Which thresholds of an agent count for which media types. Voice and voicemail are one together, whatever is set. */
const THRESHOLDS: { fields: string[]; media: Media[]; most?: number }[] = [
  { fields: ['voiceThreshold'], media: ['voice', 'voicemail'], most: 1 },
  { fields: ['chatThreshold'], media: ['chat'] },
  { fields: ['emailThreshold'], media: ['email'] },
  { fields: ['workItemThreshold'], media: ['work_item'] },
  { fields: ['digitalThreshold', 'smsThreshold'], media: ['message'] },
];
const ALL: Media[] = THRESHOLDS.flatMap(({ media }) => media);

/**
 * What an agent with omnichannel delivery may carry at a time: of each media type its threshold, beside all others but
 * those it shares the threshold with, and all together the total. Undefined for an agent who gets one contact at a time,
 * or of whom nothing is said.
 */
export function capacityOf(agent: Row): Capacity | undefined {
  if (canonical(agent.text('deliveryMode')) !== 'OMNICHANNEL') return undefined;
  const media: Capacity['media'] = {};
  for (const { fields, media: types, most } of THRESHOLDS) {
    const units = Math.max(...fields.map((field) => agent.number(field) ?? 0));
    const beside = ALL.filter((one) => !types.includes(one));
    for (const type of types) if (units > 0) media[type] = { units: Math.min(units, most ?? units), beside };
  }
  const total = agent.number('totalContactCount');
  if (Object.keys(media).length === 0) return undefined;
  return { media, ...(total !== undefined && total > 0 && { total }) };
}
