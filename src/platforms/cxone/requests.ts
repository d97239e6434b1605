import type { Call, Endpoint } from '../endpoint.ts';

export interface CxoneEndpoint extends Endpoint {
  /** Scope that the application must be registered for. */
  scope: 'RealTimeDataAPI' | 'AdminAPI';
  /** What is uncertain about the scope. */
  doubt?: string;
}

/**
 * All requests of the client below the services, except its login. NICE does not document which permissions of the access
 * key's user they need besides the scope.
 */
export const REQUESTS = {
  states: {
    method: 'GET',
    path: 'agents/states',
    scope: 'RealTimeDataAPI',
    why: 'states of agents: all of them with each full read, and changes every few seconds',
    without: 'no new states; agents who were available no longer are',
  },
  statesOfAgent: {
    method: 'GET',
    path: 'agents/{agentId}/states',
    scope: 'RealTimeDataAPI',
    why: 'states of single agents, for regions that cannot reach their home',
    without: 'agents whose home cannot be reached are passed over',
  },
  contacts: {
    method: 'GET',
    path: 'contacts/active',
    scope: 'RealTimeDataAPI',
    why: 'contacts of agents: they confirm and complete claims',
    without: 'interactions are known from agents’ states alone; an agent with unknown contacts gets no more',
  },
  agents: {
    method: 'GET',
    path: 'agents',
    scope: 'AdminAPI',
    why: 'names, teams, and how many contacts agents take at once',
    without: 'names come from the states, and agents take one call at a time',
  },
  skills: {
    method: 'GET',
    path: 'agents/skills',
    scope: 'AdminAPI',
    why: 'skills of agents, which are their queues',
    without: 'no assignments are read; known ones stay until they can be read again',
  },
  contactStates: {
    method: 'GET',
    path: 'contact-state-descriptions',
    scope: 'AdminAPI',
    doubt: 'not in the published list of the other scope',
    why: 'contact states in which an agent has the contact',
    without: 'only the built-in contact states are used',
  },
  unavailableCodes: {
    method: 'GET',
    path: 'teams/{teamId}/unavailable-codes',
    scope: 'AdminAPI',
    why: 'unavailable codes for after-contact work',
    without: 'such a code counts as a pause, unless it is configured',
  },
} as const satisfies Record<string, CxoneEndpoint>;

/** A request to the API. */
export type CxoneCall = Call<typeof REQUESTS>;

/** Login: a token, and the URL of the tenant's API. */
export const LOGIN = {
  issuer: {
    method: 'GET',
    path: '/.well-known/openid-configuration',
    why: 'the token endpoint, at `issuerUrl`',
    without: 'nothing works, unless `accessKeyUrl` is set',
  },
  token: {
    method: 'POST',
    path: '/auth/token',
    why: 'a token, at that endpoint, for a registered application and an access key',
    without: 'nothing works, unless `accessKeyUrl` is set',
  },
  accessKey: {
    method: 'POST',
    path: '/authentication/v1/token/access-key',
    why: 'a token for an access key alone, at `accessKeyUrl`; instead of the two above',
    without: 'nothing works',
  },
  tenant: {
    method: 'GET',
    path: '/.well-known/cxone-configuration',
    why: 'the URL of the tenant’s API, at `issuerUrl`',
    without: 'nothing works',
  },
} as const satisfies Record<string, Endpoint>;
