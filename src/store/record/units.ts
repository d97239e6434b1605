import type { Claim, ClaimState, EndReason, Facets } from '../../agent/facets.ts';
import { claimOn, digitalUnits, openingsOf, VOICE } from '../../agent/status.ts';

/** Until when each unit is held, in ms by the shard's clock. One that is not named is not held. */
export type Locks = Record<string, number>;

/** A unit of an agent's capacity as the region stores it; `src/store/scripts/units.lua` names the parts. */
interface StoredUnit {
  name: string;
  lockMs: number;
  claim: Claim | undefined;
}

/** What a header has where there is nothing to say. */
export const NONE = '-';

/** What may be taken of the agent, and the units besides voice; `-` for who takes one voice call at a time, as most. */
export function writeUnits(facets: Facets, locksMs: Locks): string {
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

export function readUnits(text: string | undefined): StoredUnit[] {
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
export function writeStoredClaim(claim: Claim | undefined): Written {
  const { fence = 0, untilMs = 0, state = NONE, by, callId, queue, completedAtMs = 0, endReason = NONE } = claim ?? {};
  return [fence, untilMs, state, encode(by), encode(callId), encode(queue), completedAtMs, endReason];
}

export function readStoredClaim(fields: (string | undefined)[]): Claim | undefined {
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

export function decode(text: string | undefined): string {
  return text === undefined || text === NONE ? '' : decodeURIComponent(text);
}
