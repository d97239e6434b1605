import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import type { Code } from './dictionaries.ts';
import { CxoneError } from './errors.ts';
import { isHidden } from './hidden.ts';
import { listAnswer } from './listing.ts';
import type { Employee, Team } from './org.ts';
import { Parameters } from './query.ts';
import type { World } from './world.ts';

const ADMIN = { config: { scope: 'AdminAPI' } } as const;

/** Teams, their members, and their unavailable codes. */
export function teamRoutes(api: FastifyInstance, world: World): void {
  const { org, agents, switches } = world;
  const root = { businessUnitId: org.businessUnitId };
  const teamOf = (id: string): Team => {
    const team = org.teams.find(({ teamId }) => String(teamId) === id);
    if (!team) throw new CxoneError(404, 'Invalid Team Id');
    return team;
  };

  api.get<{ Querystring: Query }>('/teams', ADMIN, async (request) => {
    const isEmpty = new Parameters(request.query).flag('isActive') === false;
    return listAnswer(request, switches, { key: 'teams', found: isEmpty ? [] : org.teams, body: teamBody, root });
  });

  api.get<{ Params: { id: string } }>('/teams/:id/agents', ADMIN, async (request) => {
    const team = teamOf(request.params.id);
    const found = org.employees.filter(
      (employee) => employee.team === team && !isHidden(agents.get(employee.agentId), world),
    );
    const body = (employee: Employee) => memberBody(employee, agents.get(employee.agentId).isActive);
    return listAnswer(request, switches, { key: 'agents', found, body, root });
  });

  api.get<{ Params: { id: string }; Querystring: Query }>('/teams/:id/unavailable-codes', ADMIN, async (request) => {
    const { teamId, teamName, teamUuid, codes } = teamOf(request.params.id);
    const isLegacy = switches.fieldNames === 'legacy';
    const unavailableCodes = codes.map((code) => codeBody(code, isLegacy));
    const answer = { teamId, teamName, teamUuid, unavailableCodes };
    return switches.resultSet ? { resultSet: answer } : answer;
  });
}

function teamBody({ teamId, teamName, teamUuid }: Team): object {
  return { teamId, teamName, teamUuid, isActive: true };
}

function memberBody({ agentId, firstName, lastName, team }: Employee, isActive: boolean): object {
  return { agentId, firstName, lastName, teamId: team.teamId, teamName: team.teamName, isActive };
}

function codeBody({ id, name, isAcw, timeoutMinutes }: Code, isLegacy: boolean): object {
  const named = isLegacy ? { outStateId: id, outStateName: name } : { outstateId: id, outstateName: name };
  return { ...named, isActive: true, isAcw, agentTimeoutMins: String(timeoutMinutes) };
}
