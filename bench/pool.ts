import { Random } from '@muster/simulators/kit/random';
import type { Facets } from '../src/agent/facets.ts';
import type { Agents } from '../src/store/store.ts';

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
const FIRST_SEEN_MS = 1_700_000_000_000;

export const queueId = (domain: string, queue: number): string => `${domain}:queue-${queue}`;
export const agentId = (domain: string, agent: number): string => `${domain}:agent-${agent}`;

/** Two skills at any level. */
export function anySkills(random: Random): Record<string, number> {
  const first = random.below(SKILLS.length);
  const second = (first + 1 + random.below(SKILLS.length - 1)) % SKILLS.length;
  return { [SKILLS[first] as string]: 0, [SKILLS[second] as string]: 0 };
}

/** Stores `count` agents, about a thousand of them available, as events do. */
export async function load(agents: Agents, domain: string, count: number): Promise<void> {
  const random = new Random(1);
  let next = 0;
  const loader = async (): Promise<void> => {
    while (next < count) {
      const agent = next++;
      await agents.apply(agentId(domain, agent), draw(random, domain, agent, AVAILABLE / count));
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
