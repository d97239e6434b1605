import type { Facets } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import { virtualArrival, type Weights } from '../../agent/ranking.ts';
import { ownStatus, VOICE } from '../../agent/status.ts';
import { decode, encode, type Locks, readStoredClaim, readUnits, writeStoredClaim, writeUnits } from './units.ts';

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
