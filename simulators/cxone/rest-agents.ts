import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { ASSIGNED_MS, assignmentRow } from './assignment-row.ts';
import { CxoneError } from './errors.ts';
import { isHidden } from './hidden.ts';
import { iso, listAnswer } from './listing.ts';
import type { Agent } from './model.ts';
import type { Assignment } from './org.ts';
import { isSince, Parameters } from './query.ts';
import type { Switches } from './switches.ts';
import type { World } from './world.ts';

const ADMIN = { config: { scope: 'AdminAPI' } } as const;

/** Agents as an administrator sees them, and their skills. */
export function agentRoutes(api: FastifyInstance, world: World): void {
  const { org, agents, switches, faults } = world;
  const root = () => ({ businessUnitId: org.businessUnitId, hiddenAgents: faults.settings.hiddenAgents });
  const visible = () => agents.all.filter((agent) => !isHidden(agent, world));

  api.get<{ Querystring: Query }>('/agents', ADMIN, async (request) => {
    const parameters = new Parameters(request.query);
    const wanted = parameters.flag('isActive');
    const search = parameters.text('searchString')?.toLowerCase();
    const sinceMs = sinceOf(parameters, switches);
    const found = visible().filter(
      (agent) =>
        isSince(changedMs(agent), sinceMs, switches.updatedSince) &&
        (wanted === undefined || agent.isActive === wanted) &&
        (search === undefined || agent.employee.userName.includes(search)),
    );
    return listAnswer(request, switches, { key: 'agents', found, body: agentBody, root: root() });
  });

  api.get<{ Params: { id: string } }>('/agents/:id', ADMIN, async ({ params: { id } }) => {
    const agent = agents.find(id) ?? agents.all.find(({ employee }) => employee.userId === id);
    if (!agent || isHidden(agent, world)) throw new CxoneError(404, 'Invalid Agent Id');
    return { agents: [agentBody(agent)] };
  });

  const body = (assignment: Assignment) => assignmentRow(assignment, world);
  api.get<{ Querystring: Query }>('/agents/skills', ADMIN, async (request) => {
    const all = visible().flatMap(({ employee }) => employee.assignments);
    const found = chosenAssignments(all, new Parameters(request.query), world);
    return listAnswer(request, switches, { key: 'agentSkillAssignments', found, body, root: root() });
  });

  api.get<{ Params: { id: string }; Querystring: Query }>('/agents/:id/skills', ADMIN, async (request) => {
    const agent = agents.find(request.params.id);
    if (!agent || isHidden(agent, world)) throw new CxoneError(404, 'Invalid Agent Id');
    const found = chosenAssignments(agent.employee.assignments, new Parameters(request.query), world);
    return listAnswer(request, switches, { key: 'agentSkillAssignments', found, body, root: root() });
  });
}

function chosenAssignments(from: Assignment[], parameters: Parameters, { agents, switches }: World): Assignment[] {
  const sinceMs = sinceOf(parameters, switches);
  const mediaTypeId = parameters.int('mediaTypeId');
  const [isActive, isAgentActive] = [parameters.flag('isActive'), parameters.flag('isAgentActive')];
  return from.filter(
    (assignment) =>
      isSince(ASSIGNED_MS, sinceMs, switches.updatedSince) &&
      (mediaTypeId === undefined || assignment.skill.mediaTypeId === mediaTypeId) &&
      (isActive === undefined || assignment.isActive === isActive) &&
      (isAgentActive === undefined || agents.get(assignment.employee.agentId).isActive === isAgentActive),
  );
}

/** Lists spell the parameter differently; all spellings are accepted. */
function sinceOf(parameters: Parameters, { adminDeltas }: Switches): number | undefined {
  const text = 'Invalid Updated Since';
  const sinceMs = parameters.time('updatedSince', text) ?? parameters.time('updateSince', text);
  return adminDeltas ? sinceMs : undefined;
}

function changedMs({ accountChangedMs }: Agent): number {
  return accountChangedMs ?? ASSIGNED_MS;
}

function agentBody(agent: Agent): object {
  const { employee, isActive, sessionSinceMs } = agent;
  const { thresholds, team } = employee;
  return {
    agentId: employee.agentId,
    userID: employee.userId,
    userName: employee.userName,
    firstName: employee.firstName,
    lastName: employee.lastName,
    emailAddress: employee.userName,
    isActive,
    locked: false,
    teamId: team.teamId,
    teamName: team.teamName,
    teamUuId: team.teamUuid,
    profileId: 1,
    isSupervisor: false,
    reportToId: 0,
    timeZone: '(GMT) UTC',
    timeZoneOffset: '0',
    lastLogin: sessionSinceMs === undefined ? '' : iso(sessionSinceMs),
    lastUpdated: iso(changedMs(agent)),
    internalId: '',
    deliveryMode: employee.isOmnichannel ? 'Omnichannel' : 'Single Contact',
    totalContactCount: employee.totalContactCount,
    voiceThreshold: thresholds.voice,
    chatThreshold: thresholds.chat,
    emailThreshold: thresholds.email,
    workItemThreshold: thresholds.workItem,
    smsThreshold: thresholds.sms,
    digitalThreshold: thresholds.digital,
    requestContact: false,
    contactAutoFocus: false,
    phoneRefusalTimeout: 45,
    chatRefusalTimeout: 45,
    emailRefusalTimeout: 45,
  };
}
