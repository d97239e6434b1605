import type { ClaimState, Facets } from '../agent/facets.ts';
import { virtualArrival, type Weights } from '../agent/ranking.ts';
import { ownStatus } from '../agent/status.ts';

/**
 * An agent as the region stores it: one line that a person can read, a header for the scripts and the facets as JSON.
 * `src/cache/scripts/record.lua` names the header's fields.
 */
export interface AgentRecord {
  /** Grows with every write; what compare-and-set compares. A string: it does not fit a script's integer reply. */
  version: string;
  /** The agent's home region; empty where nobody has said. */
  home: string;
  /** Until when a claim holds the agent, in ms by this region's shard's clock; 0 for none. */
  lockMs: number;
  /** While its home is being asked for the agent: until when, in ms by the shard's clock; else 0. */
  holdMs: number;
  arrivalMs: number;
  facets: Facets;
}

const FIELDS = 14;
const NONE = '-';

/** Reads a stored line. @throws Error for a line no version of Muster wrote */
export function readRecord(line: string): AgentRecord {
  const fields = splitHeader(line);
  const [version, , lock, hold, fence, until, state, by, call, queue, completed, arrival, home, , json] = fields;
  const facets = JSON.parse(json as string) as Facets;
  if (fence !== '0') {
    facets.claim = {
      fence: Number(fence),
      state: state as ClaimState,
      untilMs: Number(until),
      ...(by !== NONE && { by: decode(by) }),
      callId: decode(call),
      queue: decode(queue),
      completedAtMs: Number(completed),
    };
  }
  return {
    version: version as string,
    home: decode(home),
    lockMs: Number(lock),
    holdMs: Number(hold),
    arrivalMs: Number(arrival),
    facets,
  };
}

type Locks = Pick<AgentRecord, 'lockMs' | 'holdMs'>;

/** The line to store, without its version, which the script puts in front. */
export function writeRecord(facets: Facets, home: string, { lockMs, holdMs }: Locks, weights: Weights): string {
  const { claim, ...rest } = facets;
  const header = [
    ownStatus(facets).status,
    lockMs,
    holdMs,
    claim?.fence ?? 0,
    claim?.untilMs ?? 0,
    claim?.state ?? NONE,
    encode(claim?.by),
    encode(claim?.callId),
    encode(claim?.queue),
    claim?.completedAtMs ?? 0,
    virtualArrival(facets, weights).arrivalMs,
    encode(home),
    writeSkills(facets.profile?.skills ?? {}),
  ];
  return `${header.join(' ')} ${JSON.stringify(rest)}`;
}

/** Skills as scripts read them: `,billing:80,spanish:100,`. Also the form of what a request wants. */
export function writeSkills(skills: Record<string, number>): string {
  const parts = Object.entries(skills).map(([name, level]) => `${encodeURIComponent(name)}:${Math.round(level)}`);
  return parts.length > 0 ? `,${parts.join(',')},` : ',';
}

/** Call and queue names may hold anything; in a header they must not hold a space. */
export const encode = (text: string | undefined): string => (text ? encodeURIComponent(text) : NONE);

function decode(text: string | undefined): string {
  return text === undefined || text === NONE ? '' : decodeURIComponent(text);
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
