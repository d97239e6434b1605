import type { Activity, Media, Presence } from '../../agent/facets.ts';

/**
 * What CXone's numbers and names mean, as data. docs/states-cxone.md is rendered from these tables.
 *
 * A state of CXone is one value; here it sets two registers at once, presence and activity.
 */

/**
 * What a state sets. `AT_REST` stands for an agent who is not given work for another reason than work: idle, unless
 * contacts are still open.
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
/** Available, with contacts open: whether there is room for more, capacity and interactions tell. */
export const PARTIAL_LOAD = working('PARTIAL_LOAD');
export const ON_CALL = working('ON_CALL');
/** At work on a contact that is no call. */
export const ON_CONTACT = working('ON_CONTACT');

/** `LIVE` looks at the contact, `CODE` at the unavailable code, `READY` at the number of open contacts. */
export type StateRule = Meaning | 'LIVE' | 'CODE' | 'READY';

interface StateEntry {
  id?: number;
  name: string;
  rule: StateRule;
}

/** Agent states. One that is not here is taken for busy, with its name as the reason. */
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

/** Out-states of the platform's own: they tell more than the state they come with. No setting changes them. */
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

/** Unavailable codes that customers commonly have, by name. The config says what others mean. */
export const COMMON_CODES: Record<string, string> = {
  Break: 'BREAK',
  Lunch: 'LUNCH',
  Meal: 'MEAL',
  Meeting: 'MEETING',
  Training: 'TRAINING',
  Admin: 'ADMIN',
};

export const VOICE_ID = 4;

/** Media types by id; a contact of one that is not here counts as a call, which leaves least of its agent. */
export const MEDIA_TYPES: { id: number; name: string; media: Media }[] = [
  { id: 1, name: 'Email', media: 'email' },
  { id: 3, name: 'Chat', media: 'chat' },
  { id: VOICE_ID, name: 'Phone Call', media: 'voice' },
  { id: 5, name: 'Voicemail', media: 'voicemail' },
  { id: 6, name: 'Work Item', media: 'work_item' },
  { id: 9, name: 'Digital', media: 'message' },
];

/** Contact states in which an agent has the contact, as far as they are known; the tenant's dictionary knows more. */
export const WITH_AGENT: { id: number; name: string }[] = [
  { id: 4, name: 'Active' },
  { id: 8, name: 'Hold' },
  { id: 14, name: 'Conference' },
];
/** What the category of a contact's state contains while an agent has the contact. */
const WITH_AGENT_CATEGORY = 'WITHAGENT';

const stateById = new Map(AGENT_STATES.flatMap((entry) => (entry.id === undefined ? [] : [[entry.id, entry]])));
const stateByName = new Map(AGENT_STATES.map((entry) => [canonical(entry.name), entry]));
const reservedById = new Map(RESERVED_CODES.map((entry) => [entry.id, entry]));
const reservedByName = new Map(RESERVED_CODES.map((entry) => [canonical(entry.name), entry]));
const commonByName = new Map(Object.entries(COMMON_CODES).map(([name, reason]) => [canonical(name), reason]));
const mediaById = new Map(MEDIA_TYPES.map(({ id, media }) => [id, media]));
const withAgentIds = new Set(WITH_AGENT.map(({ id }) => id));

/** Upper case, letters and digits only: `Held Party Abandoned` and `HeldPartyAbandoned` are one name. */
export function canonical(name: string | undefined): string {
  return (name ?? '').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** The rule of an agent state. The id decides where there is one: a name beside an id nobody knows says nothing. */
export function stateRule(id: number | undefined, name: string | undefined): StateRule | undefined {
  return (id === undefined ? stateByName.get(canonical(name)) : stateById.get(id))?.rule;
}

/** What an out-state of the platform's own means, by id or, where that is none of these, by name. */
export function reservedCode(id: number | undefined, name: string | undefined): Meaning | undefined {
  return (reservedById.get(id ?? 0) ?? reservedByName.get(canonical(name)))?.meaning;
}

export function commonCode(name: string | undefined): string | undefined {
  return commonByName.get(canonical(name));
}

/** A contact of a type that nobody knows keeps calls away: whatever it is, somebody is at work on it. */
export function mediaOf(mediaTypeId: number): Media {
  return mediaById.get(mediaTypeId) ?? 'voice';
}

export const isKnownMedia = (mediaTypeId: number): boolean => mediaById.has(mediaTypeId);

/** @param category of the contact's state, from the contact or from the tenant's dictionary */
export function isWithAgent(stateId: number | undefined, category: string | undefined): boolean {
  return canonical(category).includes(WITH_AGENT_CATEGORY) || withAgentIds.has(stateId ?? 0);
}
