import { type Agent, isAcd, MEDIA_TYPES, type RoutingStatus } from './model.ts';
import { eventSpelling, type PresenceDefinition } from './presences.ts';

/** The state of one agent, as REST and events spell it. */

export function routingStatusBody(agent: Agent): { status: RoutingStatus; startTime: string } {
  return { status: agent.routingStatus, startTime: iso(agent.routingStatusSinceMs) };
}

/** A user's presence in REST answers. */
export function restPresence({ user, presence, presenceSinceMs }: Agent): object {
  return {
    source: 'PURECLOUD',
    primary: true,
    presenceDefinition: restDefinition(presence),
    message: '',
    modifiedDate: iso(presenceSinceMs),
    selfUri: `/api/v2/users/${user.id}/presences/PURECLOUD`,
  };
}

function restDefinition({ id, systemPresence }: PresenceDefinition): object {
  return { id, systemPresence, selfUri: `/api/v2/presencedefinitions/${id}` };
}

/** The body of `v2.users.{id}.presence`. It does not contain the user's id. */
export function presenceEvent({ presence, presenceSinceMs }: Agent): object {
  return {
    source: 'PURECLOUD',
    presenceDefinition: { id: presence.id, systemPresence: eventSpelling(presence.systemPresence) },
    primary: true,
    message: '',
    modifiedDate: iso(presenceSinceMs),
  };
}

export function routingStatusEvent(agent: Agent): object {
  return { id: agent.user.id, routingStatus: routingStatusBody(agent) };
}

export function activityEvent(agent: Agent, startedMs: number): object {
  const { user, presence, presenceSinceMs } = agent;
  return {
    id: user.id,
    routingStatus: routingStatusBody(agent),
    presence: {
      presenceDefinition: { id: presence.id, systemPresence: eventSpelling(presence.systemPresence) },
      presenceMessage: '',
      modifiedDate: iso(presenceSinceMs),
    },
    outOfOffice: { active: false, modifiedDate: iso(startedMs) },
    activeQueueIds: user.memberships.filter(({ joined }) => joined).map(({ queue }) => queue.id),
    dateActiveQueuesChanged: iso(agent.queuesSinceMs),
  };
}

/** The agent's interactions by medium, for REST and for `v2.users.{id}.conversationsummary`. */
export function conversationSummary({ user, interactions }: Agent): object {
  const media = (name: string) => {
    const mine = interactions.filter(({ conversation }) => conversation.mediaType === name);
    const routed = mine.filter(isAcd);
    const acw = routed.filter(({ state }) => state === 'WRAP_UP').length;
    const enterprise = { active: mine.length - routed.length, acw: 0 };
    return { contactCenter: { active: routed.length - acw, acw }, enterprise };
  };
  return { userId: user.id, ...Object.fromEntries(SUMMARY_MEDIA.map((name) => [name, media(name)])) };
}

const SUMMARY_MEDIA = [...MEDIA_TYPES, 'socialExpression', 'video'];

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
