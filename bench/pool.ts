import { Random } from '@muster/simulators/kit/random';
import type { Facets, RequiredSkills } from '../src/agent/facets.ts';
import { GLOBAL_QUEUE } from '../src/config/topology.ts';
import type { Agents } from '../src/store/store.ts';
import { whenUp } from './when-up.ts';

/** Agents and queues of one domain, drawn with a fixed seed: every run measures the same contact centre. */
export const QUEUES = 50;
const QUEUES_PER_AGENT = 3;
const AVAILABLE = 1000;
/** Half of the available agents, as the most that claims of a burst take: finding the last ones would take longer. */
export const MOST = AVAILABLE / 2;
const SKILLS = Array.from({ length: 10 }, (_, i) => `skill-${i}`);
/** Share of agents who have any one skill, so that 15 % have both of any two. */
const HAS_SKILL = 0.387;
const LOADING_AT_ONCE = 256;
const ANY_LEVEL = 0;
export const FIRST_SEEN_MS = 1_700_000_000_000;

export const queueId = (domain: string, queue: number): string => `${domain}:queue-${queue}`;
export const agentId = (domain: string, agent: number): string => `${domain}:agent-${agent}`;

/** The agents of most domains, in words. */
export const POOL = '10,000 agents, 50 queues, 3 queues each, 1,000 available';
export const SKILLS_REQUIRED = 'two skills required, 15 % qualify';

/** What a caller asks for. */
export interface Wish {
  queue: string;
  skills: RequiredSkills;
}

/** The same wishes for all who are compared. */
export type Wishes = () => Wish;

/** Any of the queues. */
export function evenWishes(domain: string, withSkills: boolean): Wishes {
  const random = new Random(2);
  return () => ({ queue: queueId(domain, random.below(QUEUES)), skills: withSkills ? anySkills(random) : {} });
}

/** Everybody asks for the same queue, that of all agents. */
export const hotWishes: Wishes = () => ({ queue: GLOBAL_QUEUE, skills: {} });

/** Two skills at any level. */
function anySkills(random: Random): Record<string, number> {
  const first = random.below(SKILLS.length);
  const second = (first + 1 + random.below(SKILLS.length - 1)) % SKILLS.length;
  return { [SKILLS[first] as string]: ANY_LEVEL, [SKILLS[second] as string]: ANY_LEVEL };
}

/** Stores `count` agents, about a thousand of them available, as events do. */
export async function load(agents: Agents, domain: string, count: number): Promise<void> {
  const random = new Random(1);
  await store(agents, domain, count, (agent) => draw(random, domain, agent, AVAILABLE / count));
}

/** Stores `count` agents of a domain, some at once. @param facetsOf called in the order of their numbers */
export async function store(
  agents: Agents,
  domain: string,
  count: number,
  facetsOf: (agent: number) => Facets,
): Promise<void> {
  let next = 0;
  const loader = async (): Promise<void> => {
    while (next < count) {
      const agent = next++;
      const facets = facetsOf(agent);
      await whenUp(() => agents.apply(agentId(domain, agent), facets));
    }
  };
  await Promise.all(Array.from({ length: LOADING_AT_ONCE }, loader));
}

function draw(random: Random, domain: string, agent: number, available: number): Facets {
  const version = { at: FIRST_SEEN_MS + random.below(3_600_000), id: `load-${agent}` };
  const queues = new Set<string>();
  while (queues.size < QUEUES_PER_AGENT) queues.add(queueId(domain, random.below(QUEUES)));
  const skills = SKILLS.filter(() => random.chance(HAS_SKILL)).map((name) => [name, 30 + random.below(71)]);
  const isAvailable = random.chance(available);
  return {
    profile: {
      name: `Agent ${agent}`,
      queues: [...queues],
      skills: Object.fromEntries(skills),
      tenureDays: random.below(3000),
      ...version,
    },
    presence: { state: isAvailable || random.chance(0.6) ? 'ON_DUTY' : 'OFF_DUTY', ...version },
    activity: { state: isAvailable ? 'IDLE' : 'INTERACTING', ...version },
  };
}
