import { type Cut, fitProfile } from '../../agent/event.ts';
import type { Capacity, Media, Profile } from '../../agent/facets.ts';
import { canonical } from './mapping.ts';
import type { Row } from './row.ts';

/** Assignment of a skill to an agent, or its end. */
export interface SkillAssignment {
  agentId: string;
  skillId: string;
  skillName: string | undefined;
  /** Proficiency as a level, 0-100. */
  level: number;
  /** Whether contacts are routed by it: assignment, skill and agent are active, and it is not an outbound skill. */
  isRouted: boolean;
}

const BEST = 1;
const WORST = 20;

/** Proficiency 1 (best) to 20 (worst) as a level from 100 to 0; a missing one counts as the worst. */
export function levelOf(proficiency: number | undefined): number {
  const within = Math.min(WORST, Math.max(BEST, proficiency ?? WORST));
  return Math.round(((WORST - within) / (WORST - BEST)) * 100);
}

/** @returns undefined for a row without an agent or a skill */
export function readAssignment(row: Row): SkillAssignment | undefined {
  const agentId = row.id('agentId');
  const skillId = row.id('skillId');
  if (agentId === undefined || skillId === undefined) return undefined;
  const isActive = ['isActive', 'isSkillActive', 'isAgentActive'].every((flag) => row.flag(flag) === true);
  return {
    agentId,
    skillId,
    skillName: row.text('skillName'),
    // Older versions misspell it.
    level: levelOf(row.number('agentProficiencyValue', 'agentProficencyValue')),
    isRouted: isActive && row.flag('isOutbound') !== true,
  };
}

/** Data of an agent except their state. */
export interface Person {
  name: string;
  /** By skill id; only skills that contacts are routed by. */
  skills: ReadonlyMap<string, SkillAssignment>;
  capacity: Capacity | undefined;
}

/**
 * The profile in canonical order, so that equal content is equal text, and what was cut to fit a record. Every CXone skill
 * becomes a queue and a skill.
 */
export function profileOf(connection: string, { name, skills, capacity }: Person): { profile: Profile; cut: Cut } {
  const assigned = [...skills.values()].sort((a, b) => (a.skillId < b.skillId ? -1 : 1));
  const levels = assigned.flatMap(({ skillName, level }) => (skillName ? [[skillName, level] as const] : []));
  const { profile, cut } = fitProfile({
    name,
    queues: assigned.map(({ skillId }) => `${connection}:${skillId}`),
    // If there are too many, skills are cut like their queues.
    skills: Object.fromEntries(levels),
    tenureDays: 0,
    ...(capacity && { capacity }),
  });
  const sorted = Object.entries(profile.skills).sort(([a], [b]) => (a < b ? -1 : 1));
  return { profile: { ...profile, skills: Object.fromEntries(sorted) }, cut };
}

/** Threshold fields by media types. Voice and voicemail together allow one contact, whatever is set. */
const THRESHOLDS: { fields: string[]; media: Media[]; most?: number }[] = [
  { fields: ['voiceThreshold'], media: ['voice', 'voicemail'], most: 1 },
  { fields: ['chatThreshold'], media: ['chat'] },
  { fields: ['emailThreshold'], media: ['email'] },
  { fields: ['workItemThreshold'], media: ['work_item'] },
  { fields: ['digitalThreshold', 'smsThreshold'], media: ['message'] },
];
const ALL: Media[] = THRESHOLDS.flatMap(({ media }) => media);

/**
 * Capacity of an agent with omnichannel delivery: each media type up to its threshold, beside all types with another
 * threshold, and the total over all. Undefined for an agent who gets one contact at a time, or without thresholds.
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
