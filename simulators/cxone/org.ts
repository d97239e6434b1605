import { FIRST_NAMES, LAST_NAMES, QUEUE_NAMES } from '../kit/names.ts';
import { Random } from '../kit/random.ts';
import { AFTER_CALL_WORK, type Code, CUSTOM_CODES, type MediaTypeId } from './dictionaries.ts';

/** Queue and competence in one. It has one medium. */
export interface Skill {
  skillId: number;
  skillName: string;
  mediaTypeId: MediaTypeId;
  /** The code of its after-call work; absent if it has none. */
  acw?: Code;
  assignments: Assignment[];
}

export interface Assignment {
  skill: Skill;
  employee: Employee;
  /** 1 is best, 20 worst. */
  proficiency: number;
  isActive: boolean;
}

export interface Team {
  teamId: number;
  teamName: string;
  teamUuid: string;
  codes: readonly Code[];
}

/** How many contacts of each kind an agent may carry at once. Media that share a limit share a name. */
export type Thresholds = Record<'voice' | 'chat' | 'email' | 'workItem' | 'sms' | 'digital', number>;

export interface Employee {
  /** Of the ACD. */
  agentId: number;
  /** Of the platform; a GUID. */
  userId: string;
  userName: string;
  firstName: string;
  lastName: string;
  team: Team;
  stationId: number;
  /** Whether several contacts at once are allowed. */
  isOmnichannel: boolean;
  thresholds: Thresholds;
  totalContactCount: number;
  assignments: Assignment[];
}

/** The setup of an administrator. It does not change while the simulator runs. */
export interface Org {
  tenantId: string;
  businessUnitId: number;
  /** By agent id. */
  employees: Employee[];
  skills: Skill[];
  teams: Team[];
}

const WRITTEN: readonly [string, MediaTypeId][] = [
  ['Chat', 3],
  ['Mail', 1],
  ['Messaging', 9],
];
const TEAM_NAMES = ['Support', 'Sales', 'Back Office'];
/** One assignment in twenty is not active. */
const NOT_ACTIVE = 0.05;
const FIRST = { agentId: 1_001, skillId: 2_201, teamId: 310, stationId: 14_065_216 };

/** Builds a business unit; the same arguments give the same people, skills and ids. */
export function buildOrg(options: { seed: number; agents: number; queues: number; omnichannel: number }): Org {
  const random = new Random(options.seed);
  const org: Org = {
    tenantId: random.uuid(),
    businessUnitId: 4_597_000 + random.below(1_000),
    employees: [],
    skills: skills(options.queues),
    teams: TEAM_NAMES.map((teamName, at) => ({
      teamId: FIRST.teamId + at,
      teamName,
      teamUuid: random.uuid(),
      codes: [...CUSTOM_CODES, AFTER_CALL_WORK],
    })),
  };
  for (let at = 0; at < options.agents; at++) org.employees.push(hire(org, at, random, options.omnichannel));
  return org;
}

function skills(queues: number): Skill[] {
  const phone = Array.from({ length: queues }, (_, at) => [QUEUE_NAMES[at] ?? `Queue ${at + 1}`, 4] as const);
  return [...phone, ...WRITTEN].map(([skillName, mediaTypeId], at) => ({
    skillId: FIRST.skillId + at,
    skillName,
    mediaTypeId,
    ...(mediaTypeId === 4 && { acw: AFTER_CALL_WORK }),
    assignments: [],
  }));
}

function hire(org: Org, at: number, random: Random, omnichannel: number): Employee {
  const firstName = random.pick(FIRST_NAMES);
  const lastName = random.pick(LAST_NAMES);
  const isOmnichannel = random.chance(omnichannel);
  const employee: Employee = {
    agentId: FIRST.agentId + at,
    userId: random.uuid(),
    userName: `${firstName}.${lastName}.${at + 1}@example.com`.toLowerCase(),
    firstName,
    lastName,
    team: random.pick(org.teams),
    stationId: FIRST.stationId + at,
    isOmnichannel,
    thresholds: isOmnichannel
      ? { voice: 1, chat: 2, email: 2, workItem: 1, sms: 0, digital: 3 }
      : { voice: 1, chat: 1, email: 1, workItem: 1, sms: 1, digital: 1 },
    totalContactCount: isOmnichannel ? 3 + random.below(3) : 1,
    assignments: [],
  };
  const isPhone = ({ mediaTypeId }: Skill) => mediaTypeId === 4;
  const phone = random.some(org.skills.filter(isPhone), 1 + random.below(3));
  const written = isOmnichannel ? org.skills.filter((skill) => !isPhone(skill)) : [];
  for (const skill of [...phone, ...random.some(written, 1 + random.below(3))]) {
    const proficiency = 1 + random.below(20);
    const assignment = { skill, employee, proficiency, isActive: !random.chance(NOT_ACTIVE) };
    employee.assignments.push(assignment);
    skill.assignments.push(assignment);
  }
  return employee;
}
