import {
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
 * One agent's part in a conversation, however they came to be in it: routing has sent it to them (purpose `agent`), or
 * somebody else has, such as a flow that transfers to the user (`user`). What routing has not sent has no wrap-up.
 *
 *   ALERTING ──► CONNECTED ──► WRAP_UP ──► ENDED
 *       │            └──parked──► ENDED ──resumed──► CONNECTED
 *       └── missed ─────────────────────────▲
 *
 * Every event repeats the whole conversation, and an agent who missed it twice and then answered is in it three
 * times. So all of the agent's entries are read: the state is that of the liveliest, the time is the newest of all.
 * Entries and times only accumulate, therefore states of one call order correctly however their events arrive.
 *
 * Every conversation is a register of its own: the end of one says nothing of another.
 */
export interface InteractionReading {
  interaction: Stamped<Interaction>;
  /** False where an alert carries no time of its own, and `at` is only the newest time in the conversation. */
  isTimed: boolean;
  /** It is put aside, and goes on when the agent takes it up again; whether the platform counts it meanwhile is open. */
  isAside: boolean;
}

/** The steps of one attempt to deliver, in the order in which they can share a millisecond. */
const STAGE: Record<InteractionState, number> = { ALERTING: 0, CONNECTED: 1, WRAP_UP: 2, ENDED: 3 };
/** Which of several entries of one agent tells the agent's state. */
const LIVELIEST: InteractionState[] = ['CONNECTED', 'ALERTING', 'WRAP_UP', 'ENDED'];
/**
 * The lists that communications are in, by what they make of the whole. A callback comes to have calls, too, and a call
 * may come to have video: what a conversation is does not change with what joins it.
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
/** Lists of what goes on beside somebody's work, and keeps nobody from more of it. */
const BESIDE = new Set(['internalMessages', 'screenshares', 'screenMonitorings', 'cobrowsesessions', 'evaluations']);
const OVER = new Set(['DISCONNECTED', 'TERMINATED']);
/** Purposes of what is no person, though it may bear a person's id: their mailbox talks while they do not. */
const MACHINES = new Set(['VOICEMAIL', 'ACD', 'IVR']);
/** Put aside, until the agent takes it up again; and a callback of another time. Neither keeps the agent from more. */
const ASIDE = new Set(['PARKED', 'SCHEDULED']);
const WRAP_UP_CLOSED = new Set(['COMPLETE', 'SKIPPED', 'NOTAPPLICABLE']);

/** The time of a step of which nothing says when it was: it is as new as the agent's activity. */
export const UNDATED = Number.NEGATIVE_INFINITY;

/** @returns undefined where the user has no part in the conversation */
export function readConversation(userId: string, conversation: ConversationPayload): InteractionReading | undefined {
  const participants = Array.isArray(conversation.participants) ? conversation.participants : [];
  const own = participants.filter((entry) => entry.userId === userId && isWork(entry));
  const entries = own.map(readEntry);
  const told = LIVELIEST.map((state) => entries.findLast((entry) => entry.state === state)).find(Boolean);
  if (!conversation.id || !told) return undefined;
  const isTimed = told.times.length > 0;
  const at = newest((isTimed ? entries : participants.map(readEntry)).flatMap((entry) => entry.times)) ?? UNDATED;
  // Taking up again what was put aside need not bring a time of its own: it counts as later.
  const step = `${String(entries.length).padStart(3, '0')}.${told.isAside ? '-' : STAGE[told.state]}`;
  const id = `${userId}/call/${conversation.id}/${step}/${told.state}/${at === UNDATED ? 'undated' : at}`;
  const media = told.isKnown ? mediaOf(own) : 'voice';
  const interaction: Stamped<Interaction> = { callId: conversation.id, state: told.state, media, at, id };
  if (!told.isAcd) interaction.isAcd = false;
  if (told.connectedAt !== undefined) interaction.connectedAt = told.connectedAt;
  return { interaction, isTimed, isAside: told.isAside };
}

/**
 * What a reading adds to what is known of the agent; undefined for nothing new, or where nothing says when it was. An
 * alert without a time of its own counts as no older than the activity known: it came to an agent who was already idle then, and must not be taken for
 * what that idleness ended.
 * @param last the step of this call that was told last
 */
export function stepAfter(
  { interaction, isTimed }: InteractionReading,
  last: Stamped<Interaction> | undefined,
  activity: Version | undefined,
): Stamped<Interaction> | undefined {
  if (last && compareVersions(interaction, { ...last, state: interaction.state }) <= 0) return undefined;
  const at = isTimed ? interaction.at : Math.max(interaction.at, activity?.at ?? UNDATED);
  if (at === UNDATED) return undefined;
  // Some ends have no time of their own, e.g. that of a wrap-up: they follow what they end.
  const isEnd = interaction.state === 'ENDED' && last !== undefined && last.state !== 'ENDED';
  return { ...interaction, at: isEnd ? Math.max(at, last.at + 1) : at };
}

interface Entry {
  state: InteractionState;
  /** Whether routing has sent it. */
  isAcd: boolean;
  /** Whether anybody has met such a purpose before; else it is taken for a call, whatever it is. */
  isKnown: boolean;
  isAside: boolean;
  connectedAt: number | undefined;
  times: number[];
}

function readEntry(entry: ParticipantPayload): Entry {
  const communications = communicationsOf(entry);
  const connectedAt = timeOf(entry.connectedTime) ?? earliest(communications.map((one) => timeOf(one.connectedTime)));
  const isIn = (states: ReadonlySet<string>) =>
    communications.length > 0 && communications.every((one) => states.has(canonical(one.state)));
  const isOver = Boolean(entry.endTime) || isIn(OVER);
  const isAside = isIn(ASIDE) && !isOver;
  const state = isAside ? 'ENDED' : stateOf(entry, communications, connectedAt !== undefined, isOver);
  const times = textsOfTimes(entry, communications).flatMap((text) => timeOf(text) ?? []);
  const purpose = canonical(entry.purpose);
  const isAcd = purpose === 'AGENT';
  return { state, isAcd, isKnown: isAcd || purpose === 'USER', isAside, connectedAt, times };
}

const textsOfTimes = (entry: ParticipantPayload, communications: CommunicationPayload[]): (string | undefined)[] => [
  ...[entry.connectedTime, entry.endTime, entry.startAcwTime, entry.endAcwTime],
  // When what is parked is to go on is a plan, and no time of anything that has happened.
  ...communications.flatMap((one) => [one.startAlertingTime, one.connectedTime, one.disconnectedTime, one.parkTime]),
];

/** Whether a time of the conversation names no zone: it is not read. */
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
  const isOwed = isOver && entry.wrapupRequired === true && !entry.wrapup;
  if ((isStarted || isOwed) && !isWrapUpClosed(entry, communications)) return 'WRAP_UP';
  return isOver ? 'ENDED' : 'CONNECTED';
}

function isWrapUpClosed(entry: ParticipantPayload, communications: CommunicationPayload[]): boolean {
  if (entry.endAcwTime) return true;
  const works = communications.flatMap((one) => (one.afterCallWork?.state ? [canonical(one.afterCallWork.state)] : []));
  return works.length > 0 && works.every((work) => WRAP_UP_CLOSED.has(work));
}

/** What kind of conversation it is to the agent: voice where no list says. */
function mediaOf(entries: ParticipantPayload[]): Media {
  const isUsed = (list: string) =>
    entries.some(({ [list]: value }) => Array.isArray(value) && value.some(isCommunication));
  return LISTS.find(([list]) => isUsed(list))?.[1] ?? 'voice';
}

/** Whether it is a person's, and not only such as goes on beside their work. */
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
