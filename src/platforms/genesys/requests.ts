import type { Call, Endpoint } from '../endpoint.ts';

export interface GenesysEndpoint extends Endpoint {
  /** As `domain:entity:action`, on a role of the OAuth client; absent where the platform documents none. */
  permission?: string;
  /** In which divisions the role must have it. */
  divisions?: string;
  /** What is not certain about the permission. */
  doubt?: string;
}

/** Whatever the client sends, but for its login. The platform's own reference lists the permissions, unless a row has a doubt. */
export const REQUESTS = {
  users: {
    method: 'GET',
    path: '/api/v2/users',
    permission: 'directory:user:view',
    divisions: 'all that have agents',
    doubt: 'The reference lists none for it; an official sample asks for this one.',
    why: 'who there is, how they are, their skills; and single agents for a region that cannot ask their home',
    without: 'nothing can be read: the connection does not start, or runs on what is notified alone',
  },
  queues: {
    method: 'GET',
    path: '/api/v2/routing/queues',
    permission: 'routing:queue:view',
    divisions: 'all that have queues',
    why: 'which queues there are',
    without:
      'nobody is found by a queue of the platform; who was in one before is so until a notification says otherwise',
  },
  queueMembers: {
    method: 'GET',
    path: '/api/v2/routing/queues/{queueId}/members',
    permission: 'routing:queue:view',
    divisions: 'all that have queues',
    why: 'who has joined a queue',
    without: 'nobody is found by that queue',
  },
  presenceDefinitions: {
    method: 'GET',
    path: '/api/v2/presence/definitions',
    permission: 'presence:presenceDefinition:view',
    divisions: 'all that have presences of their own',
    doubt: 'Enforced for presences of a division only, says the reference.',
    why: 'which system presence stands behind one of the organisation’s own',
    without: 'who has a presence that comes without its system presence is not available',
  },
  utilization: {
    method: 'GET',
    path: '/api/v2/routing/utilization',
    permission: 'routing:utilization:view',
    why: 'how many interactions agents carry at a time; asked with `utilization: true` only',
    without: 'agents take one call at a time',
  },
  userUtilization: {
    method: 'GET',
    path: '/api/v2/routing/users/{userId}/utilization',
    permission: 'routing:utilization:view',
    why: 'the same for agents with a setting of their own; asked with `utilization: true` only',
    without: 'agents take one call at a time',
  },
  createChannel: {
    method: 'POST',
    path: '/api/v2/notifications/channels',
    why: 'a channel on which changes arrive',
    without: 'the connection does not start',
  },
  subscribe: {
    method: 'PUT',
    path: '/api/v2/notifications/channels/{channelId}/subscriptions',
    why: 'what a channel listens to; with every reading again, to hear of permissions that came or went',
    without: 'the connection does not start',
  },
  assign: {
    method: 'POST',
    path: '/api/v2/conversations/{conversationId}/assign',
    permission: 'conversation:call:assign',
    divisions: 'all that have queues with calls to assign',
    doubt: 'For calls; the reference takes any of several, by medium.',
    why: 'gives a waiting conversation to the agent just claimed; sent with `deliver: assign` only',
    without:
      'a claim with `deliver: assign` is answered `platform_unavailable`, and the agent given back; other claims go on',
  },
} as const satisfies Record<string, GenesysEndpoint>;

/** A request to the API. */
export type GenesysCall = Call<typeof REQUESTS>;

/** At the login host, before everything else. */
export const LOGIN = {
  method: 'POST',
  path: '/oauth/token',
  why: 'a token, by client credentials',
  without: 'nothing works',
} as const satisfies GenesysEndpoint;

/** What a user's one combined topic unites; events come under each topic's own name. */
export const USER_TOPICS = {
  activity: {
    why: 'presence, routing status and the queues joined',
    without: 'the agent is not available: what was read a while ago is no word of now',
  },
  conversations: {
    why: 'alerts, calls and after-call work, whoever sent the call: claims are confirmed and completed by them',
    without: 'the same: a call that is not ACD’s shows nowhere else',
  },
} as const;

export type UserTopic = keyof typeof USER_TOPICS;

/** The topic that Muster subscribes to for a user. It counts once towards the limit of a channel. */
export const userTopic = (userId: string): { id: string } => ({
  id: `v2.users.${userId}?${Object.keys(USER_TOPICS).join('&')}`,
});

/** The user and the topic that an event comes under; undefined for other topics. */
export function readUserTopic(name: string): { userId: string; topic: UserTopic } | undefined {
  const [, userId, topic] = /^v2\.users\.([^.?]+)\.(\w+)$/.exec(name) ?? [];
  return userId && topic && Object.hasOwn(USER_TOPICS, topic) ? { userId, topic: topic as UserTopic } : undefined;
}

/** Of whom a refused topic is, whether it is named as it was asked for or as one of those that it unites. */
export const userOfTopic = (name: string | undefined): string | undefined =>
  /^v2\.users\.([^.?]+)[.?]/.exec(name ?? '')?.[1];
