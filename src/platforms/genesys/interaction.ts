import {
  compareTexts,
  compareVersions,
  type Interaction,
  type InteractionState,
  type Media,
  type Stamped,
  type Version,
} from '../../agent/facets.ts';
import { isZoneless } from '../time.ts';
import { canonical } from './mapping.ts';
import { type CommunicationPayload, type ConversationPayload, type ParticipantPayload, timeOf } from './payloads.ts';

/**
 * One agent's part in a conversation. ACD assigned it (purpose `agent`), or it arrived otherwise, e.g. by a transfer to the
 * user (`user`). Non-ACD interactions have no wrap-up.
 *
 *   ALERTING ──► CONNECTED ──► WRAP_UP ──► ENDED
 *       │            └──parked──► ENDED ──resumed──► CONNECTED
 *       └── missed ─────────────────────────▲
 *
 * Every event repeats the whole conversation, and an agent who missed it twice and then answered is in it three times. So
 * all of the agent's entries are read: the state is that of the most active entry, the time is the newest of all. Entries
 * and times only accumulate, so states of one call order correctly in whatever order their events arrive.
 *
 * Every conversation has a version of its own: the end of one does not affect another.
 */
export interface InteractionReading {
  interaction: Stamped<Interaction>;
  /** False for an alert without a time of its own; `at` is then the newest time in the conversation. */
  isTimed: boolean;
  /** Parked: it goes on when the agent resumes it. Whether the platform counts it meanwhile is unknown. */
  isParked: boolean;
}

/** Steps of one delivery attempt, in the order in which they can share a millisecond. */
const STAGE: Record<InteractionState, number> = { ALERTING: 0, CONNECTED: 1, WRAP_UP: 2, ENDED: 3 };
/** Order in which one of an agent's entries is chosen for the state. */
const MOST_ACTIVE_FIRST: InteractionState[] = ['CONNECTED', 'ALERTING', 'WRAP_UP', 'ENDED'];
/**
 * Lists of communications and the media type that each gives to the conversation; the first list in use decides. A callback
 * may gain calls and a call may gain video, without changing what the conversation is.
 */
const LISTS: [list: string, media: Media][] = [
  ['callbacks', 'callback'],
  ['chats', 'chat'],
  ['emails', 'email'],
  ['messages', 'message'],
  ['socialExpressions', 'social'],
  ['calls', 'voice'],
  ['videos', 'video'],
];
/** Lists of communications that run beside the agent's work and take no capacity. */
const BESIDE = new Set(['internalMessages', 'screenshares', 'screenMonitorings', 'cobrowsesessions', 'evaluations']);
const OVER = new Set(['DISCONNECTED', 'TERMINATED']);
/** Purposes of machines, which may carry a user's id, e.g. the user's voicemail. */
const MACHINES = new Set(['VOICEMAIL', 'ACD', 'IVR']);
/** Parked, or a callback scheduled for later. Neither takes capacity. */
const PARKED = new Set(['PARKED', 'SCHEDULED']);
const WRAP_UP_CLOSED = new Set(['COMPLETE', 'SKIPPED', 'NOTAPPLICABLE']);

/** Time of a step without any time: it counts as new as the agent's activity. */
export const UNDATED = Number.NEGATIVE_INFINITY;

/** @returns undefined if the user has no part in the conversation */
export function readConversation(userId: string, conversation: ConversationPayload): InteractionReading | undefined {
  const participants = Array.isArray(conversation.participants) ? conversation.participants : [];
  const own = participants.filter((one) => one.userId === userId && isWork(one));
  const entries = own.map(readEntry);
  const entry = MOST_ACTIVE_FIRST.map((state) => entries.findLast((one) => one.state === state)).find(Boolean);
  if (!conversation.id || !entry) return undefined;
  const isTimed = entry.times.length > 0;
  const at = newest((isTimed ? entries : participants.map(readEntry)).flatMap(({ times }) => times)) ?? UNDATED;
  // Resuming a parked interaction may come without a time of its own: it counts as later.
  const step = `${String(entries.length).padStart(3, '0')}.${entry.isParked ? '-' : STAGE[entry.state]}`;
  const id = `${userId}/call/${conversation.id}/${step}/${entry.state}/${at === UNDATED ? 'undated' : at}`;
  const media = entry.isKnown ? mediaOfConversation(own) : 'voice';
  const interaction: Stamped<Interaction> = { callId: conversation.id, state: entry.state, media, at, id };
  if (!entry.isAcd) interaction.isAcd = false;
  if (entry.connectedAt !== undefined) interaction.connectedAt = entry.connectedAt;
  return { interaction, isTimed, isParked: entry.isParked };
}

/**
 * The step to report from a reading; undefined if it is not new or has no time. An alert without a time of its own counts as
 * no older than the known activity: the agent was already idle when it came, so that idleness did not end it.
 * @param last the last reported step of this call
 */
export function stepAfter(
  { interaction, isTimed }: InteractionReading,
  last: Stamped<Interaction> | undefined,
  activity: Version | undefined,
): Stamped<Interaction> | undefined {
  const isAfterAlert =
    last?.state === 'ALERTING' && interaction.state !== 'ALERTING' && compareTexts(interaction.id, last.id) > 0;
  const isNews = !last || isAfterAlert || compareVersions(interaction, { ...last, state: interaction.state }) > 0;
  if (!isNews) return undefined;
  const at = isTimed ? interaction.at : Math.max(interaction.at, activity?.at ?? UNDATED);
  if (at === UNDATED) return undefined;
  // Some ends, e.g. of a wrap-up, have no time of their own, and the time of an alert may be assumed: what follows is later.
  const isEnd = interaction.state === 'ENDED' && last !== undefined && last.state !== 'ENDED';
  return { ...interaction, at: last && (isEnd || isAfterAlert) ? Math.max(at, last.at + 1) : at };
}

interface Entry {
  state: InteractionState;
  /** Whether ACD assigned it. */
  isAcd: boolean;
  /** Whether the purpose is known; an unknown one counts as a call. */
  isKnown: boolean;
  isParked: boolean;
  connectedAt: number | undefined;
  times: number[];
}

function readEntry(entry: ParticipantPayload): Entry {
  const communications = communicationsOf(entry);
  const connectedAt = timeOf(entry.connectedTime) ?? earliest(communications.map((one) => timeOf(one.connectedTime)));
  const isIn = (states: ReadonlySet<string>) =>
    communications.length > 0 && communications.every((one) => states.has(canonical(one.state)));
  const isOver = Boolean(entry.endTime) || isIn(OVER);
  const isParked = isIn(PARKED) && !isOver;
  const state = isParked ? 'ENDED' : stateOf(entry, communications, connectedAt !== undefined, isOver);
  const times = textsOfTimes(entry, communications).flatMap((text) => timeOf(text) ?? []);
  const purpose = canonical(entry.purpose);
  const isAcd = purpose === 'AGENT';
  return { state, isAcd, isKnown: isAcd || purpose === 'USER', isParked, connectedAt, times };
}

const textsOfTimes = (entry: ParticipantPayload, communications: CommunicationPayload[]): (string | undefined)[] => [
  ...[entry.connectedTime, entry.endTime, entry.startAcwTime, entry.endAcwTime],
  // The time at which a parked interaction should resume is a plan and not an event.
  ...communications.flatMap((one) => [one.startAlertingTime, one.connectedTime, one.disconnectedTime, one.parkTime]),
];

/** Whether a time of the conversation lacks a time zone; it is ignored then. */
export function hasZonelessTime({ participants }: ConversationPayload): boolean {
  const all = Array.isArray(participants) ? participants : [];
  return all.some((entry) => textsOfTimes(entry, communicationsOf(entry)).some(isZoneless));
}

function stateOf(
  entry: ParticipantPayload,
  communications: CommunicationPayload[],
  isConnected: boolean,
  isOver: boolean,
): InteractionState {
  if (!isConnected) return isOver ? 'ENDED' : 'ALERTING';
  const isStarted = Boolean(entry.startAcwTime);
  const isRequired = isOver && entry.wrapupRequired === true && !entry.wrapup;
  if ((isStarted || isRequired) && !isWrapUpClosed(entry, communications)) return 'WRAP_UP';
  return isOver ? 'ENDED' : 'CONNECTED';
}

function isWrapUpClosed(entry: ParticipantPayload, communications: CommunicationPayload[]): boolean {
  if (entry.endAcwTime) return true;
  const works = communications.flatMap((one) => (one.afterCallWork?.state ? [canonical(one.afterCallWork.state)] : []));
  return works.length > 0 && works.every((work) => WRAP_UP_CLOSED.has(work));
}

/** Media type of the conversation for the agent; voice if no list is used. */
function mediaOfConversation(entries: ParticipantPayload[]): Media {
  const isUsed = (list: string) =>
    entries.some(({ [list]: value }) => Array.isArray(value) && value.some(isCommunication));
  return LISTS.find(([list]) => isUsed(list))?.[1] ?? 'voice';
}

/** Whether the entry is an agent's work, and not a machine's or only beside their work. */
function isWork(entry: ParticipantPayload): boolean {
  const lists = Object.keys(entry).filter((name) => communicationsIn(entry[name]).length > 0);
  const isBeside = lists.length > 0 && lists.every((name) => BESIDE.has(name));
  return !isBeside && !MACHINES.has(canonical(entry.purpose));
}

/** The communications of all media: every list of objects that carry a `state`. */
function communicationsOf(entry: ParticipantPayload): CommunicationPayload[] {
  return Object.entries(entry).flatMap(([name, value]) => (BESIDE.has(name) ? [] : communicationsIn(value)));
}

const communicationsIn = (value: unknown): CommunicationPayload[] =>
  Array.isArray(value) ? value.filter(isCommunication) : [];

function isCommunication(value: unknown): value is CommunicationPayload {
  return typeof value === 'object' && value !== null && 'state' in value;
}

function newest(times: number[]): number | undefined {
  return times.length > 0 ? Math.max(...times) : undefined;
}

function earliest(times: (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
