import type { Claim, ClaimState, EndReason, Facets, Media } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import {
  claimOn,
  digitalMedia,
  digitalUnits,
  type Locks,
  lockOf,
  openingsOf,
  ownStatus,
  VOICE,
  virtualArrival,
  type Weights,
} from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { LeasedWork } from '../leases.ts';

/**
 * The keys of the region's store. All keys of a domain share one hash tag, so one script can decide a claim, and declares every
 * key that it touches.
 */
export const agentsKey = (domain: string): string => `agents:{${domain}}`;
export const callsKey = (domain: string): string => `calls:{${domain}}`;
/** Expiry times of the claims that this region granted: see scripts/ends.lua. */
export const endsKey = (domain: string): string => `ends:{${domain}}`;
/** The change stream: see src/store/redis/changes.ts. */
export const changesKey = (domain: string): string => `changes:{${domain}}`;
/** The agent directory: ids of all agents with a record, in order. */
export const rosterKey = (domain: string): string => `roster:{${domain}}`;
/** The sorted set of a queue for one media type; scripts read the type from the key. */
export const queueKey = (domain: string, queue: string, media: Media = 'voice'): string =>
  `queue${media === 'voice' ? '' : `.${media}`}:{${domain}}:${queue}`;
/** The media type of a queue's sorted set. */
export const mediaOfLine = (key: string): Media => (/^queue\.([a-z_]+):/.exec(key)?.[1] ?? 'voice') as Media;
/** The outbox stream of a partition. The hash tag spreads partitions over the masters. */
export const outboxKey = (partition: number): string => `outbox:{${partition}}`;
export const regionKey = (region: string): string => `region:{${region}}`;
/** Applied positions of a region's outbox, by partition. */
export const positionsKey = (region: string): string => `positions:{${region}}`;
/** The region's latest heartbeat sequence number: see `src/sync/freshness/freshness.ts`. */
export const BEAT_KEY = 'muster:beat';
export const domainKey = (domain: string): string => `domain:{${domain}}`;
/** The stored answer to a request with an idempotency key: see kept-answers.ts. */
export const answerKey = (id: string): string => `answers:${id}`;
export const connectionKey = (connection: string): string => `connection:{${connection}}`;
/** Keys of a platform's request budget: the wait, requests of the platform sync and of readers, whether the sync waits, full reads. */
export const budgetKeys = (connection: string): string[] =>
  ['', ':mirror', ':reader', ':waiting', ':reading'].map((part) => `budget:{${connection}}${part}`);
/** Key prefixes of the leases, by work: see leases.ts. */
export const LEASES = {
  relay: '{relay}',
  alignments: '{alignments}',
  expiry: '{expiry}',
  connections: '{connections}',
  lapses: '{lapses}',
} as const satisfies Record<LeasedWork, string>;
/** Channel on which instances signal appends to the relays. */
export const RELAY_CHANNEL = 'muster:outbox';
/** A key that never exists. Probes try to write it, to learn whether its master accepts writes. */
export const probeKey = (n: number): string => `probe:{${n}}`;
/** Holds the name of the region that owns the cluster. */
export const OWNER_KEY = 'muster:owner';

/** Number of slots of a Redis Cluster. */
const SLOTS = 16_384;

/** The hash slot of a key: CRC16 (XMODEM) of its hash tag, or else of the whole key, as in the cluster specification. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const end = open < 0 ? -1 : key.indexOf('}', open + 1);
  const hashed = end > open + 1 ? key.slice(open + 1, end) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80_00 ? ((crc << 1) ^ 0x10_21) & 0xff_ff : (crc << 1) & 0xff_ff;
  }
  return crc % SLOTS;
}

/**
 * The sorted sets that may hold the agent: one for each queue and each media type. None for an agent that the configuration does
 * not accept: a leftover record must not be handed out.
 */
export function linesOf(config: Config, agentId: string, facets: Facets): string[] {
  if (homeOfAgent(config, agentId) === undefined) return [];
  const domain = domainOfAgent(config, agentId);
  const media = [VOICE, ...digitalMedia(facets)] as const;
  return queuesOf(config, agentId, facets.profile).flatMap((queue) =>
    media.map((each) => queueKey(domain, queue, each)),
  );
}

/**
 * A record is one readable line: a header for the scripts, then the facets as JSON. `src/store/scripts/record.lua` describes the
 * header.
 */
const FIELDS = 16;

/** Parses a stored record. @throws Error if the line is not a record */
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

/** Formats a record without its version, which the script adds. */
export function writeRecord(
  facets: Facets,
  home: string,
  { locksMs, holdMs }: Pick<AgentRecord, 'locksMs' | 'holdMs'>,
  weights: Weights,
): string {
  const { claim, digitalClaims: _, ...rest } = facets;
  const written = writeStoredClaim(claim);
  const header = [
    // Scripts treat any status but AVAILABLE as not available.
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

/** Formats skills for scripts: `,billing:80,spanish:100,`. Also used for the skills of a request. */
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

/** A unit of an agent's capacity as stored; `src/store/scripts/units.lua` describes its parts. */
interface StoredUnit {
  name: string;
  lockMs: number;
  claim: Claim | undefined;
}

/** Placeholder of an empty field. */
export const NONE = '-';

/** Formats free capacity and the units besides voice; `-` for agents who take only one voice call at a time, as most do. */
function writeUnits(facets: Facets, locksMs: Locks): string {
  const units = digitalUnits(facets);
  if (units.length === 0 && !facets.profile?.capacity) return NONE;
  const { open, reported, left } = openingsOf(facets);
  const calls = reported.map(({ media, callId }) => `${media}:${callId === undefined ? '' : encode(callId)},`);
  const types = open.map((each) => `${each.media}:${each.left}:${each.inHand}:,${each.beside.join(',')},;`);
  const written = units.map(({ name, isOffered }) => {
    const [fence, until, ...claim] = writeStoredClaim(claimOn(facets, name));
    return [name, isOffered ? 'F' : 'C', locksMs[name] ?? 0, fence, until, ...claim].join(':');
  });
  return [left ?? NONE, `,${calls.join('')}`, `;${types.join('')}`, written.join(';')].join('|');
}

/** As `writeUnits`, with this unit even if the record lacks it, because a failover lost its claim or the capacity shrank. */
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

/** The fields of a claim; empty ones if there is none. */
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

/** Formats a claim for the change stream: `src/store/scripts/changes.lua` describes the parts. */
export const writeNoted = (claim: Claim): string => [claim.unit ?? VOICE, ...writeStoredClaim(claim)].join(' ');

export function readNoted(text: string): Claim | undefined {
  const [unit = VOICE, ...fields] = text.split(' ');
  const claim = readStoredClaim(fields);
  return claim && { ...(unit !== VOICE && { unit }), ...claim };
}

/** Encodes call ids and queue names, which may hold any characters: fields of a header contain no spaces and no colons. */
export const encode = (text: string | undefined): string =>
  text ? encodeURIComponent(text).replace(/^-$/, '%2D') : NONE;

function decode(text: string | undefined): string {
  return text === undefined || text === NONE ? '' : decodeURIComponent(text);
}
