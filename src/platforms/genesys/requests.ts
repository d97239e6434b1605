import type { Call, Endpoint } from '../endpoint.ts';

export interface GenesysEndpoint extends Endpoint {
  /** As `domain:entity:action`, on a role of the OAuth client; absent where the platform documents none. */
  permission?: string;
  /** Divisions in which the role must be granted. */
  divisions?: string;
  /** What is uncertain about the permission. */
  doubt?: string;
}

/** All requests of the client, except its login. The platform's reference lists the permissions, unless a row has a `doubt`. */
export const REQUESTS = {
  users: {
    method: 'GET',
    path: '/api/v2/users',
    permission: 'directory:user:view',
    divisions: 'all that have agents',
    doubt: 'The reference lists none; an official sample uses this one.',
    why: 'users, their states and skills; also single agents for regions that cannot reach their home',
    without: 'nothing can be read: the connection does not start, or runs on notifications alone',
  },
  queues: {
    method: 'GET',
    path: '/api/v2/routing/queues',
    permission: 'routing:queue:view',
    divisions: 'all that have queues',
    why: 'list of queues',
    without: 'no queue memberships are read; known ones stay until a notification changes them',
  },
  queueMembers: {
    method: 'GET',
    path: '/api/v2/routing/queues/{queueId}/members',
    permission: 'routing:queue:view',
    divisions: 'all that have queues',
    why: 'members who have joined a queue',
    without: 'the queue has no agents',
  },
  presenceDefinitions: {
    method: 'GET',
    path: '/api/v2/presence/definitions',
    permission: 'presence:presenceDefinition:view',
    divisions: 'all that have custom presences',
    doubt: 'According to the reference, enforced only for presences of a division.',
    why: 'system presence of each custom presence',
    without: 'agents with a presence that comes without its system presence are not available',
  },
  utilization: {
    method: 'GET',
    path: '/api/v2/routing/utilization',
    permission: 'routing:utilization:view',
    why: 'how many interactions agents take at once; only with `utilization: true`',
    without: 'agents take one call at a time',
  },
  userUtilization: {
    method: 'GET',
    path: '/api/v2/routing/users/{userId}/utilization',
    permission: 'routing:utilization:view',
    why: 'the same for agents with a setting of their own; only with `utilization: true`',
    without: 'agents take one call at a time',
  },
  createChannel: {
    method: 'POST',
    path: '/api/v2/notifications/channels',
    why: 'a channel for live changes',
    without: 'the connection does not start',
  },
  subscribe: {
    method: 'PUT',
    path: '/api/v2/notifications/channels/{channelId}/subscriptions',
    why: 'topics of a channel; repeated with every full read, to notice changed permissions',
    without: 'the connection does not start',
  },
  assign: {
    method: 'POST',
    path: '/api/v2/conversations/{conversationId}/assign',
    permission: 'conversation:call:assign',
    divisions: 'all that have queues with calls to assign',
    doubt: 'For calls; the reference accepts any of several, by media type.',
    why: 'assigns a waiting conversation to the claimed agent; only with `deliver: assign`',
    without:
      'a claim with `deliver: assign` fails with `platform_unavailable`, and the agent is released; other claims go on',
  },
} as const satisfies Record<string, GenesysEndpoint>;

/** A request to the API. */
export type GenesysCall = Call<typeof REQUESTS>;

/** Login, at the login host. */
export const LOGIN = {
  method: 'POST',
  path: '/oauth/token',
  why: 'a token, by client credentials',
  without: 'nothing works',
} as const satisfies GenesysEndpoint;

/** Topics in a user's combined topic; events carry each topic's own name. */
export const USER_TOPICS = {
  activity: {
    why: 'presence, routing status and the queues joined',
    without: 'the agent is not available, because the last read may be outdated',
  },
  conversations: {
    why: 'alerts, calls and after-call work, ACD or not: they confirm and complete claims',
    without: 'the same: non-ACD calls appear nowhere else',
  },
} as const;

export type UserTopic = keyof typeof USER_TOPICS;

/** The topic of a subscription to a user. It counts once towards the limit of a channel. */
export const userTopic = (userId: string): { id: string } => ({
  id: `v2.users.${userId}?${Object.keys(USER_TOPICS).join('&')}`,
});

/** User and topic of an event; undefined for other topics. */
export function readUserTopic(name: string): { userId: string; topic: UserTopic } | undefined {
  const [, userId, topic] = /^v2\.users\.([^.?]+)\.(\w+)$/.exec(name) ?? [];
  return userId && topic && Object.hasOwn(USER_TOPICS, topic) ? { userId, topic: topic as UserTopic } : undefined;
}

/** User of a refused topic, which is named as requested or as one part of the combined topic. */
export const userOfTopic = (name: string | undefined): string | undefined =>
  /^v2\.users\.([^.?]+)[.?]/.exec(name ?? '')?.[1];
