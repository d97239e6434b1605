import type { Agent } from './model.ts';
import type { Org } from './org.ts';
import { conversationSummary, restPresence, routingStatusBody } from './state-body.ts';
import { UNVERIFIED } from './unverified.ts';

/** Fields that a client can expand; others are ignored. */
const EXPANDS = new Map<string, (agent: Agent) => unknown>([
  ['presence', restPresence],
  ['routingStatus', (agent) => ({ userId: agent.user.id, ...routingStatusBody(agent) })],
  ['conversationSummary', conversationSummary],
  ['outOfOffice', () => ({ active: false, indefinite: false })],
  ['skills', skillBodies],
  ['languages', languageBodies],
]);

/** A user as REST shows them. */
export function userBody(agent: Agent, org: Org, expands: string[]): object {
  const { id, name, email } = agent.user;
  return {
    id,
    name,
    division: { ...org.division, selfUri: `/api/v2/authorization/divisions/${org.division.id}` },
    chat: { jabberId: `${id}@example.orgspan.com` },
    email,
    primaryContactInfo: [{ address: email, mediaType: 'EMAIL', type: 'PRIMARY' }],
    addresses: [],
    state: agent.isDeleted ? 'deleted' : 'active',
    username: email,
    version: 1,
    ...expanded(agent, expands),
    acdAutoAnswer: false,
    selfUri: `/api/v2/users/${id}`,
  };
}

export function skillBodies({ user }: Agent): object[] {
  return user.skills.map(({ skill, proficiency }) => ({
    ...skill,
    proficiency,
    state: UNVERIFIED.skillState,
    skillUri: `/api/v2/routing/skills/${skill.id}`,
    selfUri: `/api/v2/users/${user.id}/routingskills/${skill.id}`,
  }));
}

export function languageBodies({ user }: Agent): object[] {
  return user.languages.map(({ skill, proficiency }) => ({
    ...skill,
    proficiency,
    state: UNVERIFIED.skillState,
    languageUri: `/api/v2/routing/languages/${skill.id}`,
    selfUri: `/api/v2/users/${user.id}/routinglanguages/${skill.id}`,
  }));
}

/** A user in a queue's member listing, where routing status is beside the user. */
export function memberUserBody(agent: Agent, expands: string[]): object {
  const { id, name } = agent.user;
  return {
    id,
    name,
    ...expanded(
      agent,
      expands.filter((expand) => expand !== 'routingStatus'),
    ),
  };
}

function expanded(agent: Agent, expands: string[]): object {
  return Object.fromEntries(expands.map((expand) => [expand, EXPANDS.get(expand)?.(agent)]));
}
