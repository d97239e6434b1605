import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { assignmentRow } from './assignment-row.ts';
import { campaign, mediaFields } from './bodies.ts';
import { CxoneError } from './errors.ts';
import { listAnswer } from './listing.ts';
import type { Assignment, Skill } from './org.ts';
import { Parameters } from './query.ts';
import type { World } from './world.ts';

const ADMIN = { config: { scope: 'AdminAPI' } } as const;

/** Skills and their agents. */
export function skillRoutes(api: FastifyInstance, world: World): void {
  const { org, switches } = world;
  const root = { businessUnitId: org.businessUnitId };
  const skillOf = (id: string): Skill => {
    const skill = org.skills.find(({ skillId }) => String(skillId) === id);
    if (!skill) throw new CxoneError(404, 'InvalidSkillId');
    return skill;
  };

  api.get<{ Querystring: Query }>('/skills', ADMIN, async (request) => {
    const parameters = new Parameters(request.query);
    const mediaTypeId = parameters.int('mediaTypeId');
    const found = org.skills.filter((skill) => mediaTypeId === undefined || skill.mediaTypeId === mediaTypeId);
    const isEmpty = parameters.flag('isActive') === false || parameters.flag('isOutbound') === true;
    return listAnswer(request, switches, { key: 'skills', found: isEmpty ? [] : found, body: skillBody, root });
  });

  api.get<{ Params: { id: string } }>('/skills/:id', ADMIN, async ({ params }) => skillBody(skillOf(params.id)));

  api.get<{ Params: { id: string } }>('/skills/:id/agents', ADMIN, async (request) => {
    const found = skillOf(request.params.id).assignments;
    const body = (assignment: Assignment) => ({
      ...assignmentRow(assignment, world),
      agentSklStatus: assignment.isActive ? 'Active' : 'Inactive',
      isAssigned: true,
    });
    return listAnswer(request, switches, { key: 'agentSkillAssignments', found, body, root });
  });
}

function skillBody({ skillId, skillName, mediaTypeId, acw }: Skill): object {
  return {
    skillId,
    skillName,
    ...mediaFields(mediaTypeId),
    isActive: true,
    isOutbound: false,
    outboundStrategy: '',
    ...campaign(),
    initialPriority: 0,
    acceleration: 1,
    maxPriority: 1_000,
    minWorkingTime: 0,
    agentRestTime: 0,
    acwTypeId: acw ? 2 : 1,
    stateIdACW: acw?.id ?? 0,
    stateNameACW: acw?.name ?? '',
    maxSecondsACW: acw ? 600 : 0,
    acwPostTimeoutStateId: 1,
    interruptible: false,
    requireManualAccept: false,
    routingQueueId: '',
    serviceLevelThreshold: 30,
    serviceLevelGoal: 80,
  };
}
