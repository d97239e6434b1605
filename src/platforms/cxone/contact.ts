import type { Interaction, InteractionState, Stamped } from '../../agent/facets.ts';
import { isWithAgent, mapMedia, VOICE_ID } from './mapping.ts';
import type { Row } from './row.ts';
import { NO_VOCABULARY, type StateRow, stateOf } from './state.ts';

/**
 * One agent's part in a contact, from two lists: `contacts/active`, and the contact in focus of `agents/states`.
 *
 *   ALERTING ──► CONNECTED ──► WRAP_UP ──► ENDED
 *       └── refused, withdrawn ─────────────▲
 *
 * Neither list reports an end. A contact is over for its agent when two reads lack it (the second being a complete list, or a
 * state with another contact), when another agent has it, or when the agent's state has become idle since. Every step has a
 * platform time of its own, so steps of one contact order correctly whichever list comes first.
 */

/** The steps, in the order in which they can share a millisecond. */
const STAGE: Record<InteractionState, number> = { ALERTING: 0, CONNECTED: 1, WRAP_UP: 2, ENDED: 3 };

/** A row of `contacts/active`, of any version of the API. */
export interface ContactRow {
  contactId: string;
  /** The agent who has the contact or is being offered it; undefined for none. */
  agentId: string | undefined;
  stateId: number | undefined;
  category: string | undefined;
  mediaTypeId: number;
  agentSinceMs: number | undefined;
  /** When the contact began, in platform ms. */
  beganMs: number | undefined;
  /** When the row last changed, in platform ms. */
  updatedMs: number | undefined;
}

/** @returns undefined for a row without a contact id */
export function readContactRow(row: Row): ContactRow | undefined {
  const contactId = row.id('contactId');
  if (contactId === undefined) return undefined;
  return {
    contactId,
    agentId: row.id('agentId'),
    stateId: row.number('stateId', 'contactStateId', 'state'),
    category: row.text('contactStateCategory'),
    mediaTypeId: row.number('mediaTypeId', 'mediaType') || VOICE_ID,
    agentSinceMs: row.timeMs('agentStartDate'),
    beganMs: row.timeMs('contactStartDate', 'contactStart'),
    updatedMs: row.timeMs('lastUpdateTime', 'contactStartDate', 'contactStart'),
  };
}

/** A step of a contact, for one agent. */
export interface Step {
  agentId: string;
  interaction: Stamped<Interaction>;
}

/**
 * The step in a row of `contacts/active`; undefined if no agent has the contact.
 * @param categories of contact states by id, from the tenant's dictionary
 * @param readAtMs when the list was read, in platform ms: used for rows without a time
 */
export function stepOfContact(
  row: ContactRow,
  categories: ReadonlyMap<number, string>,
  readAtMs: number,
): Step | undefined {
  const { agentId, contactId, stateId, agentSinceMs } = row;
  if (agentId === undefined) return undefined;
  const category = row.category ?? categories.get(stateId ?? 0);
  const isTaken = isWithAgent(stateId, category);
  // Taken earlier and now parked or closing: that does not show what the agent does.
  if (!isTaken && agentSinceMs !== undefined && category !== undefined) return undefined;
  const at = agentSinceMs ?? row.updatedMs ?? readAtMs;
  const isAlert = !isTaken && agentSinceMs === undefined;
  return isAlert
    ? step(agentId, contactId, 'ALERTING', row.mediaTypeId, at)
    : step(agentId, contactId, 'CONNECTED', row.mediaTypeId, at, at);
}

/** Reasons of states in which the agent has the contact in focus. In a consultation another agent has it. */
const HANDLING = new Set(['ON_CALL', 'ON_CONTACT']);

/** The step of the contact in focus of an agent's state; undefined if the state does not determine it. */
export function stepOfState(row: StateRow): Step | undefined {
  const { agentId, contactId, contactSinceMs, mediaTypeId, startMs } = row;
  if (contactId === undefined) return undefined;
  const { activity } = stateOf(row, NO_VOCABULARY);
  if (activity.state === 'WRAP_UP') {
    // `openContacts` excludes contacts in after-call work: the one in focus may be either.
    if ((row.openContacts ?? 0) > 0) return undefined;
    return step(agentId, contactId, 'WRAP_UP', mediaTypeId, startMs, contactSinceMs ?? startMs);
  }
  const isHandling = activity.state === 'INTERACTING' && HANDLING.has(activity.reason ?? '');
  // The state may begin before the contact is taken; `contactSinceMs` proves that it is taken.
  if (isHandling && contactSinceMs !== undefined)
    return step(agentId, contactId, 'CONNECTED', mediaTypeId, contactSinceMs, contactSinceMs);
  if (isHandling || activity.reason === 'RINGING') return step(agentId, contactId, 'ALERTING', mediaTypeId, startMs);
  return undefined;
}

function step(
  agentId: string,
  callId: string,
  state: InteractionState,
  mediaTypeId: number,
  at: number,
  connectedAt?: number,
): Step {
  const media = mapMedia(mediaTypeId);
  const connected = connectedAt === undefined ? {} : { connectedAt };
  return { agentId, interaction: stampStep(agentId, { callId, state, ...connected, media }, at) };
}

/** An interaction as of a platform time. */
export function stampStep(agentId: string, interaction: Interaction, at: number): Stamped<Interaction> {
  const { callId, state } = interaction;
  return { ...interaction, at, id: `${agentId}/call/${callId}/${at}/${STAGE[state]}.${state}` };
}
