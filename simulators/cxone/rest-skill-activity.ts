import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { campaign, mediaFields } from './bodies.ts';
import { takes } from './capacity.ts';
import { MEDIA_TYPE_IDS, type MediaTypeId } from './dictionaries.ts';
import { CxoneError } from './errors.ts';
import { iso, projected } from './listing.ts';
import type { Skill } from './org.ts';
import { Parameters } from './query.ts';
import type { World } from './world.ts';

const REAL_TIME = { config: { scope: 'RealTimeDataAPI' } } as const;

/** `/skills/activity`: how many agents and contacts each skill has. Counted from the true state, without a lag. */
export function skillActivityRoutes(api: FastifyInstance, world: World): void {
  const { org, switches } = world;
  const answer = (found: readonly Skill[], atMs: number, parameters: Parameters) => {
    parameters.time('updatedSince', 'InvalidUpdatedSince');
    const skip = parameters.int('skip') ?? 0;
    const top = Math.min(parameters.int('top') ?? switches.maxPageSize, switches.maxPageSize);
    const rows = found.slice(skip, skip + top).map((skill) => activity(skill, world, atMs));
    return { lastPollTime: iso(atMs), skillActivity: projected(rows, parameters.text('fields')) };
  };

  api.get<{ Querystring: Query }>('/skills/activity', REAL_TIME, async ({ query, startedMs }) => {
    const parameters = new Parameters(query);
    const media = parameters.text('mediaTypeId');
    if (media !== undefined && !MEDIA_TYPE_IDS.includes(Number(media) as MediaTypeId)) {
      throw new CxoneError(400, 'InvalidMediaType');
    }
    const found = org.skills.filter(({ mediaTypeId }) => media === undefined || mediaTypeId === Number(media));
    return answer(parameters.flag('isOutbound') ? [] : found, startedMs, parameters);
  });

  api.get<{ Params: { id: string }; Querystring: Query }>(
    '/skills/:id/activity',
    REAL_TIME,
    async ({ params, query, startedMs }) => {
      const skill = org.skills.find(({ skillId }) => String(skillId) === params.id);
      if (!skill) throw new CxoneError(404, 'InvalidSkillId');
      return answer([skill], startedMs, new Parameters(query));
    },
  );
}

function activity(skill: Skill, world: World, atMs: number): object {
  const assigned = skill.assignments.filter(({ isActive }) => isActive);
  const agents = assigned.map(({ employee }) => world.agents.get(employee.agentId));
  const states = agents.map((agent) => ({ agent, state: world.states.of(agent).state }));
  const count = (holds: (one: (typeof states)[number]) => boolean) => states.filter(holds).length;
  const available = count(({ agent }) => takes(agent).includes(skill.mediaTypeId));
  const contacts = world.contacts.live.filter((contact) => contact.skill === skill);
  const queued = contacts.filter(({ state }) => state === 'QUEUED');
  return {
    serverTime: iso(world.clock.nowMs()),
    businessUnitId: world.org.businessUnitId,
    skillId: skill.skillId,
    skillName: skill.skillName,
    ...mediaFields(skill.mediaTypeId),
    ...campaign(),
    isActive: true,
    isOutbound: false,
    isNaturalCalling: false,
    agentsLoggedIn: count(({ state }) => state.stateId !== 0),
    agentsAvailable: available,
    agentsUnavailable: count(({ state }) => state.stateId === 2 && !state.isAcw),
    agentsWorking: count(({ state }) => state.stateId >= 3 && state.stateId <= 7),
    agentsACW: count(({ state }) => state.isAcw),
    agentsIdle: count(({ state }) => state.stateId === 1),
    contactsActive: contacts.filter(({ state }) => state !== 'WRAP_UP').length,
    queueCount: queued.length,
    skillQueueCount: queued.length,
    personalQueueCount: 0,
    parkedCount: 0,
    earliestQueueTime: iso(Math.min(atMs, ...queued.map(({ sinceMs }) => sinceMs))),
    inSLA: 0,
    outSLA: 0,
    serviceLevel: 100,
    serviceLevelGoal: 80,
    serviceLevelThreshold: 30,
  };
}
