import type { Call, Endpoint } from '../endpoint.ts';

export interface CxoneEndpoint extends Endpoint {
  /** What a registered application must have been registered for. */
  scope: 'RealTimeDataAPI' | 'AdminAPI';
  /** What is not certain about that. */
  doubt?: string;
}

/**
 * Whatever the client sends below the services, but for its login. What the role of the access key's user must allow
 * besides the scope, NICE does not document for any of them.
 */
export const REQUESTS = {
  states: {
    method: 'GET',
    path: 'agents/states',
    scope: 'RealTimeDataAPI',
    why: 'how the agents are: all of them with each reading, and every few seconds who changed',
    without: 'nothing new is known of anybody; whoever was available is not any more',
  },
  statesOfAgent: {
    method: 'GET',
    path: 'agents/{agentId}/states',
    scope: 'RealTimeDataAPI',
    why: 'how single agents are, for a region that cannot ask their home',
    without: 'agents whose home cannot be reached are passed over',
  },
  contacts: {
    method: 'GET',
    path: 'contacts/active',
    scope: 'RealTimeDataAPI',
    why: 'which contacts agents have: claims are confirmed and completed by them',
    without:
      'interactions are seen by agents’ states alone; beside contacts that nobody names an agent is offered no more',
  },
  agents: {
    method: 'GET',
    path: 'agents',
    scope: 'AdminAPI',
    why: 'names, teams, and how many contacts agents carry at a time',
    without: 'agents have the names that their states carry, and take one call at a time',
  },
  skills: {
    method: 'GET',
    path: 'agents/skills',
    scope: 'AdminAPI',
    why: 'which skills agents are assigned: their queues',
    without: 'nobody is found by a skill; who was assigned one before is so until it may be read again',
  },
  contactStates: {
    method: 'GET',
    path: 'contact-state-descriptions',
    scope: 'AdminAPI',
    doubt: 'in no published list of the other',
    why: 'which states of a contact mean that an agent has it',
    without: 'the states that are known by themselves must do',
  },
  unavailableCodes: {
    method: 'GET',
    path: 'teams/{teamId}/unavailable-codes',
    scope: 'AdminAPI',
    why: 'which unavailable codes are after-contact work',
    without: 'such a code is shown as a pause, unless the config says what it means',
  },
} as const satisfies Record<string, CxoneEndpoint>;

/** A request to the API. */
export type CxoneCall = Call<typeof REQUESTS>;

/** What comes before: a token, and where the tenant's API is. */
export const LOGIN = {
  issuer: {
    method: 'GET',
    path: '/.well-known/openid-configuration',
    why: 'where tokens are issued, at `issuerUrl`',
    without: 'nothing works, unless `accessKeyUrl` is set',
  },
  token: {
    method: 'POST',
    path: '/auth/token',
    why: 'a token, where that says, for a registered application and an access key',
    without: 'nothing works, unless `accessKeyUrl` is set',
  },
  accessKey: {
    method: 'POST',
    path: '/authentication/v1/token/access-key',
    why: 'a token for an access key alone, at `accessKeyUrl`; in the place of the two above',
    without: 'nothing works',
  },
  tenant: {
    method: 'GET',
    path: '/.well-known/cxone-configuration',
    why: 'where the tenant’s API is, at `issuerUrl`',
    without: 'nothing works',
  },
} as const satisfies Record<string, Endpoint>;
