import type { Activity, Media, Presence } from '../../agent/facets.ts';

/**
 * Tables of CXone's ids and names and their meaning; docs/states-cxone.md is rendered from them.
 *
 * A state of CXone is one value; in Muster it sets two facets, presence and activity.
 */

/**
 * Presence and activity of a state. `AT_REST`: the agent gets no work for a reason other than work, and is idle unless contacts
 * are still open.
 */
export interface Meaning {
  presence: Presence;
  activity: Activity | 'AT_REST';
}

const onDuty = (activity: Activity): Meaning => ({ presence: { state: 'ON_DUTY' }, activity });
const working = (reason: string): Meaning => onDuty({ state: 'INTERACTING', reason });
export const paused = (reason: string): Meaning => ({ presence: { state: 'PAUSED', reason }, activity: 'AT_REST' });
export const offDuty = (reason: string): Meaning => ({ presence: { state: 'OFF_DUTY', reason }, activity: 'AT_REST' });
export const wrappingUp = (reason?: string): Meaning => onDuty({ state: 'WRAP_UP', ...(reason && { reason }) });

export const LOGGED_OUT = offDuty('LOGGED_OUT');
export const LOGGED_IN = paused('LOGGING_IN');
export const AVAILABLE = onDuty({ state: 'IDLE' });
/** Available with open contacts: capacity and interactions decide whether more fit. */
export const PARTIAL_LOAD = working('PARTIAL_LOAD');
export const ON_CALL = working('ON_CALL');
/** Working on a contact that is not a call. */
export const ON_CONTACT = working('ON_CONTACT');

/** `LIVE` looks at the contact, `CODE` at the unavailable code, `READY` at the number of open contacts. */
export type StateRule = Meaning | 'LIVE' | 'CODE' | 'READY';

interface StateEntry {
  id?: number;
  name: string;
  rule: StateRule;
}

/** Agent states. Unknown ones count as busy, with their name as the reason. */
export const AGENT_STATES: StateEntry[] = [
  { id: 0, name: 'LoggedOut', rule: LOGGED_OUT },
  { id: 1, name: 'Available', rule: 'READY' },
  { id: 2, name: 'Unavailable', rule: 'CODE' },
  { id: 3, name: 'InboundContact', rule: 'LIVE' },
  { id: 4, name: 'OutboundContact', rule: 'LIVE' },
  { id: 5, name: 'InboundConsult', rule: working('CONSULT') },
  { id: 6, name: 'OutboundConsult', rule: working('CONSULT') },
  { id: 7, name: 'Dialer', rule: working('DIALER') },
  { id: 8, name: 'LoggedIn', rule: LOGGED_IN },
  { name: 'DialerPending', rule: working('CONNECTING') },
  { name: 'Working', rule: 'LIVE' },
];

interface CodeEntry {
  id: number;
  name: string;
  meaning: Meaning;
}

/** Built-in out-states: more specific than the state they come with. They cannot be configured. */
export const RESERVED_CODES: CodeEntry[] = [
  { id: -1, name: 'Refused', meaning: onDuty({ state: 'NOT_RESPONDING', reason: 'NO_ANSWER' }) },
  { id: -2, name: 'HeldPartyAbandoned', meaning: working('HELD_PARTY_ABANDONED') },
  { id: -3, name: 'InboundPending', meaning: working('RINGING') },
  { id: -4, name: 'OutboundPending', meaning: working('CONNECTING') },
  { id: -5, name: 'ConsultPending', meaning: working('CONNECTING') },
  { id: -6, name: 'DialerPending', meaning: working('CONNECTING') },
  { id: -7, name: 'TransferPending', meaning: working('CONNECTING') },
  { id: -8, name: 'CallbackPending', meaning: working('RINGING') },
  { id: -9, name: 'PromisePending', meaning: working('RINGING') },
  { id: -12, name: 'LogoffPending', meaning: paused('LOGGING_OUT') },
  { id: -13, name: 'PreviewNotification', meaning: working('PREVIEW') },
];

/** Common unavailable codes by name. Others can be configured. */
export const COMMON_CODES: Record<string, string> = {
  Break: 'BREAK',
  Lunch: 'LUNCH',
  Meal: 'MEAL',
  Meeting: 'MEETING',
  Training: 'TRAINING',
  Admin: 'ADMIN',
};

export const VOICE_ID = 4;

/** CXone's media types. An unknown one counts as a call, which leaves its agent the least capacity. */
export const MEDIA_ENTRIES: { id: number; name: string; media: Media }[] = [
  { id: 1, name: 'Email', media: 'email' },
  { id: 3, name: 'Chat', media: 'chat' },
  { id: VOICE_ID, name: 'Phone Call', media: 'voice' },
  { id: 5, name: 'Voicemail', media: 'voicemail' },
  { id: 6, name: 'Work Item', media: 'work_item' },
  { id: 9, name: 'Digital', media: 'message' },
];

/** Built-in contact states in which an agent has the contact; the tenant's dictionary has more. */
export const WITH_AGENT: { id: number; name: string }[] = [
  { id: 4, name: 'Active' },
  { id: 8, name: 'Hold' },
  { id: 14, name: 'Conference' },
];
/** Part of the category of contact states in which an agent has the contact. */
const WITH_AGENT_CATEGORY = 'WITHAGENT';

const stateById = new Map(AGENT_STATES.flatMap((entry) => (entry.id === undefined ? [] : [[entry.id, entry]])));
const stateByName = new Map(AGENT_STATES.map((entry) => [canonical(entry.name), entry]));
const reservedById = new Map(RESERVED_CODES.map((entry) => [entry.id, entry]));
const reservedByName = new Map(RESERVED_CODES.map((entry) => [canonical(entry.name), entry]));
const commonByName = new Map(Object.entries(COMMON_CODES).map(([name, reason]) => [canonical(name), reason]));
const mediaById = new Map(MEDIA_ENTRIES.map(({ id, media }) => [id, media]));
const withAgentIds = new Set(WITH_AGENT.map(({ id }) => id));

/** Upper case, letters and digits only: `Held Party Abandoned` and `HeldPartyAbandoned` are one name. */
export function canonical(name: string | undefined): string {
  return (name ?? '').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** The rule of an agent state. If there is an id it decides; the name of an unknown id is ignored. */
export function stateRule(id: number | undefined, name: string | undefined): StateRule | undefined {
  return (id === undefined ? stateByName.get(canonical(name)) : stateById.get(id))?.rule;
}

/** Meaning of a built-in out-state, by id, otherwise by name. */
export function reservedCode(id: number | undefined, name: string | undefined): Meaning | undefined {
  return (reservedById.get(id ?? 0) ?? reservedByName.get(canonical(name)))?.meaning;
}

export function commonCode(name: string | undefined): string | undefined {
  return commonByName.get(canonical(name));
}

/** @returns the media type of CXone's id; voice for an unknown one, because the agent is working on the contact */
export function mapMedia(mediaTypeId: number): Media {
  return mediaById.get(mediaTypeId) ?? 'voice';
}

export const isKnownMedia = (mediaTypeId: number): boolean => mediaById.has(mediaTypeId);

/** @param category of the contact's state, from the contact or from the tenant's dictionary */
export function isWithAgent(stateId: number | undefined, category: string | undefined): boolean {
  return canonical(category).includes(WITH_AGENT_CATEGORY) || withAgentIds.has(stateId ?? 0);
}
