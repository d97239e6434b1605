import { MEDIA_TYPE_IDS, type MediaTypeId, RESERVED } from './dictionaries.ts';
import type { Agent, ContactState } from './model.ts';
import type { Thresholds } from './org.ts';

/** The reason why an agent cannot take a contact. */
export type Refusal =
  | Exclude<ContactState, 'QUEUED' | 'COMPLETE'>
  | 'LOGGED_OUT'
  | 'LOGGING_IN'
  | 'UNAVAILABLE'
  | 'REFUSED'
  | 'WORKING'
  | 'AT_THRESHOLD'
  | 'AT_TOTAL'
  | 'CONVERSATION_ELSEWHERE';

/** The limit of each medium. Voicemail counts as voice. */
const THRESHOLD_OF: Record<MediaTypeId, keyof Thresholds> = {
  1: 'email',
  3: 'chat',
  4: 'voice',
  5: 'voice',
  6: 'workItem',
  9: 'digital',
};

/** The reason why the agent cannot take a contact of this medium now; undefined if they can. */
export function refusal(agent: Agent, mediaTypeId: MediaTypeId): Refusal | undefined {
  const { employee, code, contacts } = agent;
  if (!agent.isActive || agent.sessionSinceMs === undefined) return 'LOGGED_OUT';
  if (!employee.isOmnichannel && contacts[0]) return contacts[0].state as Refusal;
  if (agent.isLoggingIn) return 'LOGGING_IN';
  if (code) return code === RESERVED.refused ? 'REFUSED' : 'UNAVAILABLE';
  return obstacle(agent, mediaTypeId);
}

/** Whether the agent's work leaves room for a contact of this medium, even if they are away. */
export function hasRoom(agent: Agent, mediaTypeId: MediaTypeId): boolean {
  return obstacle(agent, mediaTypeId) === undefined;
}

/**
 * The work that leaves no room. After-call work occupies the unit of its own contact only: an agent's capacity shrinks
 * only by the contacts that are sent to them.
 */
function obstacle({ employee, byHand, contacts }: Agent, mediaTypeId: MediaTypeId): Refusal | undefined {
  if (!employee.isOmnichannel && contacts[0]) return contacts[0].state as Refusal;
  if (byHand !== undefined) return 'WORKING';
  const limit = THRESHOLD_OF[mediaTypeId];
  const alike = contacts.filter((contact) => THRESHOLD_OF[contact.mediaTypeId] === limit);
  if (alike[0] && limit === 'voice') return alike[0].state as Refusal;
  if (alike.length >= employee.thresholds[limit]) return 'AT_THRESHOLD';
  return contacts.length >= employee.totalContactCount ? 'AT_TOTAL' : undefined;
}

/** The media, of the agent's skills, that can be sent to them now. */
export function takes(agent: Agent): MediaTypeId[] {
  const mine = new Set(agent.employee.assignments.map(({ skill }) => skill.mediaTypeId));
  return MEDIA_TYPE_IDS.filter((mediaTypeId) => mine.has(mediaTypeId) && !refusal(agent, mediaTypeId));
}

/** Whether the agent can take no contact of any medium. */
export function isFull(agent: Agent): boolean {
  return MEDIA_TYPE_IDS.every((mediaTypeId) => refusal(agent, mediaTypeId) !== undefined);
}
