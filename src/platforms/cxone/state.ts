import { type Activity, compareVersions, type Facets, type Presence, type Stamped } from '../../agent/facets.ts';
import { TEXT_LIMITS } from '../../agent/limits.ts';
import { cut } from '../../agent/text.ts';
import {
  AVAILABLE,
  canonical,
  commonCode,
  LOGGED_IN,
  LOGGED_OUT,
  type Meaning,
  ON_CALL,
  ON_CONTACT,
  offDuty,
  PARTIAL_LOAD,
  paused,
  reservedCode,
  stateRule,
  VOICE_ID,
  wrappingUp,
} from './mapping.ts';
import type { Row } from './row.ts';
import type { UnavailableCodes } from './settings.ts';

/** A row of `agents/states`, of any version of the API. */
export interface StateRow {
  agentId: string;
  name: string | undefined;
  teamId: string | undefined;
  stateId: number | undefined;
  stateName: string | undefined;
  isActive: boolean;
  isAcw: boolean;
  codeId: number | undefined;
  codeName: string | undefined;
  /** The contact in focus. */
  contactId: string | undefined;
  /** Platform time in ms at which the agent took it. */
  contactSinceMs: number | undefined;
  mediaTypeId: number;
  /** Open contacts of all media; undefined where the API does not count them. */
  openContacts: number | undefined;
  /** Start of the state, in platform ms. */
  startMs: number;
  /** Last change of the row, in platform ms. */
  updatedMs: number;
}

/**
 * @param asked the requested agent, if the request was for one: the row may omit the id then
 * @returns undefined for a row without an agent or a time
 */
export function readStateRow(row: Row, asked?: string): StateRow | undefined {
  const agentId = row.id('agentId') ?? asked;
  const updatedMs = row.timeMs('lastUpdateTime');
  const startMs = row.timeMs('startDate') ?? updatedMs;
  if (agentId === undefined || startMs === undefined) return undefined;
  return {
    agentId,
    name: [row.text('firstName'), row.text('lastName')].filter(Boolean).join(' ') || row.text('userName'),
    teamId: row.id('teamId'),
    stateId: row.number('agentStateId'),
    stateName: row.text('agentStateName'),
    isActive: row.flag('isActive') ?? true,
    isAcw: row.flag('isACW') ?? false,
    codeId: row.number('outStateId', 'outStateCode'),
    codeName: row.text('outStateDescription'),
    contactId: row.id('contactId'),
    contactSinceMs: row.timeMs('contactStartHandleTime'),
    mediaTypeId: row.number('mediaTypeId', 'mediaType') || VOICE_ID,
    openContacts: row.number('openContacts'),
    startMs,
    updatedMs: updatedMs ?? startMs,
  };
}

/** Content that distinguishes a row from the one before: CXone keeps only the latest state and may repeat it. */
export function tupleOf(row: StateRow): string {
  const { stateId, stateName, isActive, isAcw, codeId, codeName, startMs, contactId, openContacts } = row;
  return JSON.stringify([stateId, stateName, isActive, isAcw, codeId, codeName, startMs, contactId, openContacts]);
}

/** The tenant's unavailable codes. */
export interface Vocabulary {
  /** From the config, by id or canonical name. */
  codes: ReadonlyMap<string, UnavailableCodes[string]>;
  /** Ids of unavailable codes that teams use for after-contact work. */
  acwCodes: ReadonlySet<string>;
}

export function vocabularyOf(codes: UnavailableCodes = {}): Vocabulary & { acwCodes: Set<string> } {
  const entries = Object.entries(codes).map(([key, code]) => [codeKey(key), code] as const);
  return { codes: new Map(entries), acwCodes: new Set() };
}

/** For decisions that custom codes do not affect: whether the agent works on a contact. */
export const NO_VOCABULARY: Vocabulary = vocabularyOf();

const codeKey = (idOrName: string): string => (/^-?\d+$/.test(idOrName) ? idOrName : canonical(idOrName));

/** Presence and activity of a row, without their version. */
export interface AgentState {
  presence: Presence;
  activity: Activity;
  /** Set for an unknown state, as `agentState:99`, to be counted. */
  unknown?: string;
}

/**
 * Meaning of a row; the first rule that applies decides. An unknown state is busy, never available. Capacity and interactions
 * decide what an agent on duty may take besides; in Unavailable and in after-contact work, where the platform assigns
 * nothing, the presence is PAUSED instead.
 * @param isCounted whether all of the agent's open contacts are known
 */
export function stateOf(row: StateRow, vocabulary: Vocabulary, isCounted = true): AgentState {
  const rule = stateRule(row.stateId, row.stateName);
  const meaning = meaningOf(row, vocabulary);
  const { presence, activity: meant } = meaning ?? paused(rule ? 'UNKNOWN' : nameOf(row));
  const rest: Activity = { state: isOccupied(row) || !meaning ? 'NOT_RESPONDING' : 'IDLE' };
  const activity = meant === 'AT_REST' ? rest : meant;
  const isBarred = rule === 'CODE' || row.isAcw || (activity.state === 'INTERACTING' && !isCounted);
  const unknown = meaning
    ? {}
    : { unknown: rule ? `outState:${row.codeId}` : `agentState:${row.stateId ?? nameOf(row)}` };
  if (presence.state !== 'ON_DUTY' || !isBarred) return { presence, activity, ...unknown };
  return { presence: { state: 'PAUSED', reason: activity.reason ?? activity.state }, activity, ...unknown };
}

function meaningOf(row: StateRow, vocabulary: Vocabulary): Meaning | undefined {
  const rule = stateRule(row.stateId, row.stateName);
  if (!row.isActive || rule === LOGGED_OUT) return LOGGED_OUT;
  if (row.isAcw) return wrappingUp();
  if (rule === LOGGED_IN) return LOGGED_IN;
  if (rule === 'READY' && !hasCode(row)) return isOccupied(row) ? PARTIAL_LOAD : AVAILABLE;
  const reserved = rule && reservedCode(row.codeId, row.codeName);
  if (reserved) return reserved;
  if (rule === 'CODE') return codeMeaning(row, vocabulary);
  if (rule === 'LIVE') return row.mediaTypeId === VOICE_ID ? ON_CALL : ON_CONTACT;
  return rule === 'READY' ? undefined : rule;
}

/** Meaning of an unavailable code; the default code has no reason of its own. */
function codeMeaning({ codeId, codeName }: StateRow, { codes, acwCodes }: Vocabulary): Meaning {
  const configured = codes.get(String(codeId)) ?? codes.get(canonical(codeName));
  if (configured) {
    const { reason, state } = configured;
    return state === 'PAUSED' ? paused(reason) : state === 'OFF_DUTY' ? offDuty(reason) : wrappingUp(reason);
  }
  const common = commonCode(codeName);
  if (common) return paused(common);
  if (acwCodes.has(String(codeId))) return wrappingUp();
  return paused(isDefaultCode(codeName) ? 'UNAVAILABLE' : cut(`UNAVAILABLE (${codeId} ${codeName})`, REASON_LENGTH));
}

const REASON_LENGTH = TEXT_LIMITS.reason.most;
const isDefaultCode = (name: string | undefined): boolean => ['', 'UNAVAILABLE'].includes(canonical(name));

/** Whether an available agent has a code other than Available. */
function hasCode({ codeId = 0, codeName }: StateRow): boolean {
  return codeId !== 0 || !['', 'AVAILABLE'].includes(canonical(codeName));
}

/** Whether contacts are open. Without a count the contact in focus proves nothing: it may be the last one. */
export function isOccupied({ openContacts = 0 }: StateRow): boolean {
  return openContacts > 0;
}

/** A state's own name as a reason. */
function nameOf({ stateId, stateName }: StateRow): string {
  if (stateRule(undefined, stateName)) return stateId === undefined ? 'UNKNOWN' : `STATE_${stateId}`;
  const name = (stateName ?? '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replace(/\W+/g, '_')
    .toUpperCase();
  return cut(name, REASON_LENGTH) || (stateId === undefined ? 'UNKNOWN' : `STATE_${stateId}`);
}

/** Presence and activity as of a platform time, with one id. Of two in one millisecond the less available wins. */
export function stampState(
  agentId: string,
  state: AgentState,
  at: number,
): Required<Pick<Facets, 'presence' | 'activity'>> {
  const isFree = state.presence.state === 'ON_DUTY' && state.activity.state === 'IDLE';
  const rank = isFree ? 0 : state.presence.state === 'OFF_DUTY' ? 2 : 1;
  const name = `${rank}.${state.presence.state}.${state.activity.state}`;
  const reason = state.activity.reason ?? state.presence.reason ?? '';
  const id = `${agentId}/state/${at}/${name}${reason && `.${reason}`}`;
  const presence: Stamped<Presence> = { ...state.presence, at, id };
  const activity: Stamped<Activity> = { ...state.activity, at, id };
  return { presence, activity };
}

/** An agent who is logged out, or unknown to the platform, as of a platform time. */
export function loggedOut(agentId: string, atMs: number): Stamped<Presence> {
  return { ...LOGGED_OUT.presence, at: atMs, id: `${agentId}/state/${atMs}/2.OFF_DUTY` };
}

/** Presence and activity of an agent, with their version. */
export type StateReading = Required<Pick<Facets, 'presence' | 'activity'>>;

/** The state to report for a row; undefined if it equals the last reported one. */
export function newsOf(row: StateRow, state: AgentState, last: StateReading): StateReading | undefined {
  const lastMs = last.presence.at;
  // A different state that began no later than the last reported one: it changed when the row did.
  const sinceMs = row.startMs > lastMs ? row.startMs : Math.max(row.startMs, row.updatedMs);
  const stamped = [sinceMs, lastMs + 1]
    .map((at) => stampState(row.agentId, state, at))
    .find(({ presence }) => compareVersions(presence, last.presence) > 0) as StateReading;
  return contentOf(stamped) === contentOf(last) && row.startMs <= lastMs ? undefined : stamped;
}

/** Content of a state without its version. */
function contentOf({ presence, activity }: StateReading): string {
  return JSON.stringify([presence.state, presence.reason, activity.state, activity.reason]);
}

/**
 * State of an available agent whose changes no longer arrive: they may be in a call by now.
 * @param atMs when the platform refused to answer, by its own clock
 * @returns undefined for an agent who is not available
 */
export function notWatched({ presence, activity }: StateReading, atMs: number): StateReading | undefined {
  if (presence.state !== 'ON_DUTY') return undefined;
  const version = { at: Math.max(presence.at, atMs), id: `${presence.id}/NOT_WATCHED` };
  return { presence: { ...version, state: 'PAUSED', reason: 'NOT_WATCHED' }, activity };
}
