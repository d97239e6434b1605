import { zonedMs } from '../time.ts';

/**
 * Payloads of Genesys Cloud, as far as this adapter reads them. Fields that the platform may leave out are optional.
 * Enumerations are strings, because a new value must not break anything.
 */

export interface RoutingStatusPayload {
  status?: string;
  /** ISO-8601. */
  startTime?: string;
}

export interface PresencePayload {
  /** False for a presence mirrored from another source, e.g. Teams. */
  primary?: boolean;
  presenceDefinition?: { id?: string; systemPresence?: string };
  /** ISO-8601. */
  modifiedDate?: string;
}

interface WorkCount {
  /** ACD interactions. */
  contactCenter?: { active?: number; acw?: number };
  /** Non-ACD interactions: calls transferred to the user, internal and outbound calls. */
  enterprise?: { active?: number; acw?: number };
}

/** Counts of open work by media (`call`, `message`, …), beside the user's id. */
export type SummaryPayload = Record<string, WorkCount | string | undefined>;

/** A skill or a language of a user. */
export interface SkillPayload {
  name?: string;
  /** 0 to 5, with fractions. */
  proficiency?: number;
  state?: string;
}

export interface UserPayload {
  id: string;
  name?: string;
  state?: string;
  presence?: PresencePayload;
  routingStatus?: RoutingStatusPayload;
  conversationSummary?: SummaryPayload;
  skills?: SkillPayload[];
  languages?: SkillPayload[];
}

/** Body of `v2.users.{id}.activity`. */
export interface ActivityPayload {
  presence?: PresencePayload;
  routingStatus?: RoutingStatusPayload;
  /** The queues the user has joined, on queue or not. */
  activeQueueIds?: string[];
  dateActiveQueuesChanged?: string;
}

/** One call, chat, message … of a participant. Times are ISO-8601. */
export interface CommunicationPayload {
  state?: string;
  startAlertingTime?: string;
  connectedTime?: string;
  disconnectedTime?: string;
  /** When an e-mail or message was last parked; kept when it is resumed. */
  parkTime?: string;
  afterCallWork?: { state?: string; startTime?: string; endTime?: string };
}

/** Times are ISO-8601. The lists of communications are named by media: `calls`, `chats`, `emails` …. */
export interface ParticipantPayload {
  purpose?: string;
  userId?: string;
  connectedTime?: string;
  endTime?: string;
  wrapupRequired?: boolean;
  wrapup?: object;
  startAcwTime?: string;
  endAcwTime?: string;
  [media: string]: unknown;
}

/** Body of `v2.users.{id}.conversations`: the whole conversation every time; participants accumulate. */
export interface ConversationPayload {
  id?: string;
  participants?: ParticipantPayload[];
}

export interface MemberPayload {
  /** The user's id. */
  id: string;
  joined?: boolean;
}

/** Utilization of an organisation or a user, by media type: `call`, `chat` …. */
export interface UtilizationPayload {
  utilization?: Record<string, { maximumCapacity?: number; interruptableMediaTypes?: string[] } | undefined>;
  /** `Agent` for a user's own setting, `Organization` for the default. */
  level?: string;
}

export interface DefinitionPayload {
  id?: string;
  systemPresence?: string;
}

/** A page of a listing. Queue members come without `pageCount`; `nextUri` repeats neither expands nor filters. */
export interface PagePayload<T> {
  entities?: T[];
  pageSize?: number;
  pageCount?: number;
  nextUri?: string;
}

export interface ChannelPayload {
  id: string;
  /** Where the socket connects; the channel's id in it is the credential. */
  connectUri: string;
  /** ISO-8601. */
  expires?: string;
}

export interface TopicPayload {
  id?: string;
  state?: string;
  rejectionReason?: string;
  missingPermissions?: string[];
}

/** Platform time in ms; undefined for anything but a date with a zone. The API writes UTC, with `Z`. */
export const timeOf = zonedMs;
