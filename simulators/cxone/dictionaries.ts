/** Ids and names that the platform itself defines: agent states, reserved unavailable codes, contact states, media. */

export const AGENT_STATES = {
  0: 'LoggedOut',
  1: 'Available',
  2: 'Unavailable',
  3: 'InboundContact',
  4: 'OutboundContact',
  5: 'InboundConsult',
  6: 'OutboundConsult',
  7: 'Dialer',
  8: 'LoggedIn',
} as const;
export type AgentStateId = keyof typeof AGENT_STATES;

export const AGENT_STATE_IDS = Object.keys(AGENT_STATES).map(Number) as AgentStateId[];

/** An unavailable code ("outstate"): the reason why an agent who is logged in gets no contacts. */
export interface Code {
  id: number;
  name: string;
  isAcw: boolean;
  /** Minutes after which the platform logs the agent out, as an administrator sets it. */
  timeoutMinutes: number;
}

const reserved = (id: number, name: string): Code => ({ id, name, isAcw: false, timeoutMinutes: 120 });

export const RESERVED = {
  previewNotification: reserved(-13, 'PreviewNotification'),
  logoffPending: reserved(-12, 'LogoffPending'),
  promisePending: reserved(-9, 'PromisePending'),
  callbackPending: reserved(-8, 'CallbackPending'),
  transferPending: reserved(-7, 'TransferPending'),
  dialerPending: reserved(-6, 'DialerPending'),
  consultPending: reserved(-5, 'ConsultPending'),
  outboundPending: reserved(-4, 'OutboundPending'),
  inboundPending: reserved(-3, 'InboundPending'),
  heldPartyAbandoned: reserved(-2, 'Held Party Abandoned'),
  refused: reserved(-1, 'Refused'),
  unavailable: reserved(3, 'Unavailable'),
};

/** Codes that a customer has added, for every team. */
export const CUSTOM_CODES: readonly Code[] = [
  { id: 401, name: 'Break', isAcw: false, timeoutMinutes: 30 },
  { id: 402, name: 'Lunch', isAcw: false, timeoutMinutes: 60 },
  { id: 403, name: 'Meeting', isAcw: false, timeoutMinutes: 120 },
  { id: 404, name: 'Training', isAcw: false, timeoutMinutes: 120 },
];

export const AFTER_CALL_WORK: Code = { id: 411, name: 'After Call Work', isAcw: true, timeoutMinutes: 120 };

/** The media types that are simulated, by id. The platform has more. */
export const MEDIA_TYPES = {
  1: 'Email',
  3: 'Chat',
  4: 'Phone Call',
  5: 'Voicemail',
  6: 'Work Item',
  9: 'Digital',
} as const;
export type MediaTypeId = keyof typeof MEDIA_TYPES;

export const MEDIA_TYPE_IDS = Object.keys(MEDIA_TYPES).map(Number) as MediaTypeId[];

/**
 * 4, 8 and 14 are known ids. The others are placeholders: the dictionary is not published, so a client must load it.
 */
export const CONTACT_STATES = {
  QUEUED: { id: 3, name: 'InQueue', category: 'In Queue' },
  ALERTING: { id: 2, name: 'Routing', category: 'In Queue' },
  CONNECTED: { id: 4, name: 'Active', category: 'With Agent' },
  HELD: { id: 8, name: 'Hold', category: 'With Agent' },
  CONFERENCE: { id: 14, name: 'Conference', category: 'With Agent' },
  WRAP_UP: { id: 16, name: 'EndContact', category: 'Ended' },
  COMPLETE: { id: 17, name: 'Closed', category: 'Ended' },
} as const;
