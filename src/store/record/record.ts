import {
  type Claim,
  type ClaimState,
  compareClaims,
  type EndReason,
  type Facets,
  type Media,
} from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import { virtualArrival, type Weights } from '../../agent/ranking.ts';
import { claimOn, digitalUnits, openingsOf, ownStatus, roomLeft, VOICE } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent } from '../../config/topology.ts';
import { linesOf } from './keys.ts';

/**
 * An agent as the region stores it: one line that a person can read, a header for the scripts and the facets as JSON.
 * `src/store/scripts/record.lua` names the header's fields.
 */
export interface AgentRecord {
  /** Grows with every write; what compare-and-set compares. A string: it does not fit a script's integer reply. */
  version: string;
  /** The agent's home region; empty where the config takes nothing of the agent. */
  home: string;
  /** Until when a claim holds each unit of the agent's capacity, in ms by this region's shard's clock; 0 for none. */
  locksMs: Locks;
  /** While its home is being asked for the agent: until when, in ms by the shard's clock; else 0. */
  holdMs: number;
  arrivalMs: number;
  facets: Facets;
}

const FIELDS = 16;

/** Reads a stored line. @throws Error for a line no version of Muster wrote */
export function readRecord(line: string): AgentRecord {
  const fields = splitHeader(line);
  const [version, , lock, hold, fence, until, state, by, call, queue, completed, reason, arrival, home, , units, json] =
    fields;
  const facets = JSON.parse(json as string) as Facets;
  const locksMs: Locks = { [VOICE]: Number(lock) };
  const voice = readStoredClaim([fence, until, state, by, call, queue, completed, reason]);
  if (voice) facets.claim = voice;
  for (const { name, lockMs, claim } of readUnits(units)) {
    locksMs[name] = lockMs;
    if (claim) facets.digitalClaims = { ...facets.digitalClaims, [name]: { unit: name, ...claim } };
  }
  return {
    version: version as string,
    home: decode(home),
    locksMs,
    holdMs: Number(hold),
    arrivalMs: Number(arrival),
    facets,
  };
}

/** Until when the unit is held, in ms by the shard's clock. */
export const lockOf = ({ locksMs }: Pick<AgentRecord, 'locksMs'>, unit = VOICE): number => locksMs[unit] ?? 0;

/** The line to store, without its version, which the script puts in front. */
export function writeRecord(
  facets: Facets,
  home: string,
  { locksMs, holdMs }: Pick<AgentRecord, 'locksMs' | 'holdMs'>,
  weights: Weights,
): string {
  const { claim, digitalClaims: _, ...rest } = facets;
  const written = writeStoredClaim(claim);
  const header = [
    // Whom nobody is to find: scripts take it for one more who is not available.
    isForgotten(facets) ? 'FORGOTTEN' : ownStatus(facets).status,
    lockOf({ locksMs }),
    holdMs,
    ...written,
    virtualArrival(facets, weights).arrivalMs,
    encode(home),
    writeSkills(facets.profile?.skills ?? {}),
    writeUnits(facets, locksMs),
  ];
  return `${header.join(' ')} ${JSON.stringify(rest)}`;
}

/** Skills as scripts read them: `,billing:80,spanish:100,`. Also the form of what a request wants. */
export function writeSkills(skills: Record<string, number>): string {
  const parts = Object.entries(skills).map(([name, level]) => `${encodeURIComponent(name)}:${Math.round(level)}`);
  return parts.length > 0 ? `,${parts.join(',')},` : ',';
}

function splitHeader(line: string): string[] {
  const fields: string[] = [];
  let from = 0;
  for (let i = 0; i < FIELDS; i++) {
    const space = line.indexOf(' ', from);
    if (space < 0) throw new Error(`not an agent's record: ${line.slice(0, 80)}`);
    fields.push(line.slice(from, space));
    from = space + 1;
  }
  fields.push(line.slice(from));
  return fields;
}

/** Until when each unit is held, in ms by the shard's clock. One that is not named is not held. */
type Locks = Record<string, number>;

/** A unit of an agent's capacity as the region stores it; `src/store/scripts/units.lua` names the parts. */
interface StoredUnit {
  name: string;
  lockMs: number;
  claim: Claim | undefined;
}

/** What a header has where there is nothing to say. */
export const NONE = '-';

/** What may be taken of the agent, and the units besides voice; `-` for who takes one voice call at a time, as most. */
function writeUnits(facets: Facets, locksMs: Locks): string {
  const units = digitalUnits(facets);
  if (units.length === 0 && !facets.profile?.capacity) return NONE;
  const { open, told, left } = openingsOf(facets);
  const calls = told.map(({ media, callId }) => `${media}:${callId === undefined ? '' : encode(callId)},`);
  const types = open.map((each) => `${each.media}:${each.left}:${each.inHand}:,${each.beside.join(',')},;`);
  const written = units.map(({ name, isOffered }) => {
    const [fence, until, ...claim] = writeStoredClaim(claimOn(facets, name));
    return [name, isOffered ? 'F' : 'C', locksMs[name] ?? 0, fence, until, ...claim].join(':');
  });
  return [left ?? NONE, `,${calls.join('')}`, `;${types.join('')}`, written.join(';')].join('|');
}

/** The same with this unit, whose claim a failover may have taken, or that is of no capacity any more. */
export function writeUnitsWith(unit: string, facets: Facets, locksMs: Locks): string {
  if (unit === VOICE || facets.digitalClaims?.[unit]) return writeUnits(facets, locksMs);
  const none: Claim = { unit, fence: 0, state: 'ENDED', untilMs: 0, callId: '', queue: '', completedAtMs: 0 };
  return writeUnits({ ...facets, digitalClaims: { ...facets.digitalClaims, [unit]: none } }, locksMs);
}

function readUnits(text: string | undefined): StoredUnit[] {
  const list = text === undefined || text === NONE ? '' : (text.split('|')[3] ?? '');
  return list.split(';').flatMap((each) => {
    const [name, , lock, ...claim] = each.split(':');
    return name ? [{ name, lockMs: Number(lock), claim: readStoredClaim(claim) }] : [];
  });
}

type Written = [
  fence: number,
  until: number,
  state: string,
  by: string,
  call: string,
  queue: string,
  completed: number,
  reason: string,
];

/** A claim as fields of a header; all of them empty where there is none. */
function writeStoredClaim(claim: Claim | undefined): Written {
  const { fence = 0, untilMs = 0, state = NONE, by, callId, queue, completedAtMs = 0, endReason = NONE } = claim ?? {};
  return [fence, untilMs, state, encode(by), encode(callId), encode(queue), completedAtMs, endReason];
}

function readStoredClaim(fields: (string | undefined)[]): Claim | undefined {
  const [fence, until, state, by, call, queue, completed, reason] = fields;
  if (fence === '0') return undefined;
  return {
    fence: Number(fence),
    state: state as ClaimState,
    untilMs: Number(until),
    ...(by !== NONE && { by: decode(by) }),
    callId: decode(call),
    queue: decode(queue),
    completedAtMs: Number(completed),
    ...(reason !== NONE && { endReason: reason as EndReason }),
  };
}

/** A claim as scripts note that it has moved: `src/store/scripts/changes.lua` names the parts. */
export const writeNoted = (claim: Claim): string => [claim.unit ?? VOICE, ...writeStoredClaim(claim)].join(' ');

export function readNoted(text: string): Claim | undefined {
  const [unit = VOICE, ...fields] = text.split(' ');
  const claim = readStoredClaim(fields);
  return claim && { ...(unit !== VOICE && { unit }), ...claim };
}

/** Call and queue names may hold anything; in a header they must hold neither spaces nor colons. */
export const encode = (text: string | undefined): string =>
  text ? encodeURIComponent(text).replace(/^-$/, '%2D') : NONE;

function decode(text: string | undefined): string {
  return text === undefined || text === NONE ? '' : decodeURIComponent(text);
}

/**
 * How many more interactions the agent would be given now, by media type, for people and for whoever plans ahead.
 * @param nowMs the store's clock, by which locks are judged
 */
export function roomOf(record: AgentRecord, nowMs: number): Partial<Record<Media, number>> {
  return roomLeft(record.facets, (unit) => lockOf(record, unit) > nowMs);
}

/** Until when an agent is held, once claims have moved. */
interface NewLocks extends Pick<AgentRecord, 'locksMs' | 'holdMs'> {
  /** What another region says is left of a lock, in ms by unit. */
  told: [unit: string, remainingMs: number][];
  /** The claims that moved. */
  changed: Claim[];
}

/**
 * Until when each unit of the agent is locked here. The home's own word counts by the clock it shares with the store;
 * of a claim from elsewhere only what was left of it counts, from now on. A claim that did not move keeps its lock.
 * @param region this one
 * @param news all claims of the agent, if one of them has moved; else none
 */
export function locksAfter(region: string, home: string, record: AgentRecord | undefined, news: Claim[]): NewLocks {
  const { locksMs = {}, holdMs = 0, facets = {} } = record ?? {};
  const locks: NewLocks = { locksMs: { ...locksMs }, holdMs: news.length > 0 ? 0 : holdMs, told: [], changed: [] };
  for (const claim of news) {
    const { unit = VOICE } = claim;
    const before = claimOn(facets, unit);
    if (before && compareClaims(claim, before) === 0) continue;
    locks.changed.push(claim);
    const isOwnWord = claim.remainingMs === undefined || (claim.by ?? home) === region;
    if (claim.state === 'ENDED') locks.locksMs[unit] = 0;
    else if (isOwnWord) locks.locksMs[unit] = claim.untilMs;
    else locks.told.push([unit, claim.remainingMs ?? 0]);
  }
  return locks;
}

/**
 * Makes of an agent all that the store is given, and gives it nothing: what nobody could ever store is not to be accepted.
 * @throws whatever would keep the agent from being stored, every time
 */
export function demandStorable(config: Config, agentId: string, facets: Facets): void {
  linesOf(config, agentId, facets);
  writeRecord(facets, homeOfAgent(config, agentId) ?? '', { locksMs: {}, holdMs: 0 }, config.ranking);
}
