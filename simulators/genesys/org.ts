import { FIRST_NAMES, LAST_NAMES, QUEUE_NAMES } from '../kit/names.ts';
import { Random } from '../kit/random.ts';
import { CUSTOM_PRESENCES, LANGUAGE_NAMES, SKILL_NAMES } from './names.ts';
import { builtInPresence, type PresenceDefinition, SYSTEM_PRESENCES } from './presences.ts';

/** A skill or a language. */
export interface Skill {
  id: string;
  name: string;
}

export interface Membership {
  queue: Queue;
  user: User;
  /** A member gets work from the queue only while joined. */
  joined: boolean;
}

export interface Queue {
  id: string;
  name: string;
  members: Membership[];
}

export interface User {
  id: string;
  name: string;
  email: string;
  memberships: Membership[];
  /** Proficiency from 0 to 5, in halves. */
  skills: { skill: Skill; proficiency: number }[];
  languages: { skill: Skill; proficiency: number }[];
}

/** The setup of an administrator. It does not change while the simulator runs. */
export interface Org {
  division: { id: string; name: string };
  /** By name, the order in which Genesys lists them. */
  users: User[];
  queues: Queue[];
  skills: Skill[];
  languages: Skill[];
  presences: PresenceDefinition[];
}

/** One member in twenty is assigned to a queue without having activated it. */
const NOT_JOINED = 0.05;

/** Builds an organisation; the same arguments give the same people, queues and ids. */
export function buildOrg(seed: number, agents: number, queues: number): Org {
  const random = new Random(seed);
  const org: Org = {
    division: { id: random.uuid(), name: 'Home' },
    users: [],
    queues: Array.from({ length: queues }, (_, at) => ({ id: random.uuid(), name: queueName(at), members: [] })),
    skills: SKILL_NAMES.map((name) => ({ id: random.uuid(), name })),
    languages: [],
    presences: [
      ...SYSTEM_PRESENCES.map(builtInPresence),
      ...CUSTOM_PRESENCES.map((custom) => ({ id: random.uuid(), ...custom, builtIn: false })),
    ],
  };
  for (let number = 1; number <= agents; number++) org.users.push(hire(org, number, random));
  teachLanguages(org, new Random(seed + 15_485_863));
  org.users.sort((one, other) => one.name.localeCompare(other.name, 'en') || (one.id < other.id ? -1 : 1));
  return org;
}

function queueName(at: number): string {
  return QUEUE_NAMES[at] ?? `Queue ${at + 1}`;
}

function hire(org: Org, number: number, random: Random): User {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const user: User = {
    id: random.uuid(),
    name: `${first} ${last}`,
    email: `${first}.${last}.${number}@example.com`.toLowerCase(),
    memberships: [],
    languages: [],
    skills: random.some(org.skills, 1 + random.below(4)).map((skill) => ({
      skill,
      proficiency: random.below(11) / 2,
    })),
  };
  for (const queue of random.some(org.queues, 1 + random.below(3))) {
    const membership = { queue, user, joined: !random.chance(NOT_JOINED) };
    user.memberships.push(membership);
    queue.members.push(membership);
  }
  return user;
}

/** Languages have a generator of their own, so that names, queues and skills do not depend on them. */
function teachLanguages(org: Org, random: Random): void {
  org.languages = LANGUAGE_NAMES.map((name) => ({ id: random.uuid(), name }));
  for (const user of org.users) {
    user.languages = random.some(org.languages, random.below(3)).map((skill) => ({
      skill,
      proficiency: random.below(11) / 2,
    }));
  }
}
