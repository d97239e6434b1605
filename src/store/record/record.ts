import { LRUCache } from 'lru-cache';
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
import { AVAILABILITY, type Field, type Format, KNOWN_FORMATS, STATES } from './layout.ts';

/**
 * The keys of the region's store. All keys of a domain share one hash tag, so one script can decide a claim, and declares every
 * key that it touches.
 */
export const agentsKey = (domain: string): string => `agents:{${domain}}`;
/** Facets as JSON, by agent; only TypeScript reads them. */
export const facetsKey = (domain: string): string => `facets:{${domain}}`;
export const callsKey = (domain: string): string => `calls:{${domain}}`;
/** Expiry times of the claims that this region granted: see scripts/ends.lua. */
export const endsKey = (domain: string): string => `ends:{${domain}}`;
/** The change stream: see src/store/redis/changes.ts. */
export const changesKey = (domain: string): string => `changes:{${domain}}`;
/** What is true of a domain's data as a whole: see scripts/unpublished.lua. */
export const storeKey = (domain: string): string => `store:{${domain}}`;
/** The agent directory: ids of all agents with a record, in order. */
export const rosterKey = (domain: string): string => `roster:{${domain}}`;
/** The sorted set of a queue for one media type; scripts read the type from the key. */
export const queueKey = (domain: string, queue: string, media: Media = 'voice'): string =>
  `queue${media === 'voice' ? '' : `.${media}`}:{${domain}}:${queue}`;
/** The set of the agents of a domain who have a skill: see scripts/skills.lua. */
export const holdersKey = (domain: string, skill: string): string => `skill:{${domain}}:${skill}`;
/** The skills of a domain that many agents have. */
export const commonSkillsKey = (domain: string): string => `skills:{${domain}}`;
/** The media type of a queue's sorted set. */
export const mediaOfLine = (key: string): Media => (/^queue\.([a-z_]+):/.exec(key)?.[1] ?? 'voice') as Media;
export const regionKey = (region: string): string => `region:{${region}}`;
/** Applied positions of a region's change streams, by domain and partition. */
export const positionsKey = (region: string): string => `positions:{${region}}`;
/** The region's latest heartbeat sequence number: see `src/sync/freshness/freshness.ts`. */
export const BEAT_KEY = 'muster:beat';
/** What an instance tells the region's others of itself. */
export const instanceKey = (instance: string): string => `instance:{${instance}}`;
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
  conversions: '{conversions}',
} as const satisfies Record<LeasedWork, string>;
/** Channel on which instances signal appends to the relays. */
export const RELAY_CHANNEL = 'muster:outbox';
/** A key that never exists. Probes try to write it, to learn whether its master accepts writes. */
export const probeKey = (n: number): string => `probe:{${n}}`;
/** Holds the name of the region that owns the cluster. */
export const OWNER_KEY = 'muster:owner';

/** The domain of one of its keys. */
export const domainOf = (key: string): string => key.slice(key.indexOf('{') + 1, key.indexOf('}'));

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
 * A record has two parts: a header for the scripts, whose fixed part `layout.ts` describes, and the facets as JSON. Claims are
 * in the header only.
 */
interface Header extends Omit<AgentRecord, 'facets'> {
  /** Version of the write that last changed the facets. */
  facetsVersion: string;
  claims: Pick<Facets, 'claim' | 'digitalClaims'>;
}

/** Parses a header of any known format. @throws Error if it is none */
export function readHeader(header: string): Header {
  const format = KNOWN_FORMATS.get(header.charAt(0));
  const [ofAgent = '', ofClaim = '', ...more] = header.slice(format?.length).split('\n');
  const [home, , units] = ofAgent.split(' ');
  const [by, call, queue, reason] = ofClaim.split(' ');
  if (!format || units === undefined || reason === undefined || more.length > 0) {
    throw new Error(`not an agent's record: ${header.slice(0, 160)}`);
  }
  const field = (name: Field): string => header.slice(...format.places[name]);
  const number = (name: Field): number => Number(field(name));
  const state = STATE_NAMES.get(field('state'));
  const locksMs: Locks = { [VOICE]: number('lock') };
  const claims: Header['claims'] = {};
  const fields = [number('fence'), number('until'), state, by, call, queue, number('completed'), reason] as const;
  const voice = readStoredClaim(fields.map(String));
  if (voice) claims.claim = voice;
  for (const { name, lockMs, claim } of readUnits(units)) {
    locksMs[name] = lockMs;
    if (claim) claims.digitalClaims = { ...claims.digitalClaims, [name]: { unit: name, ...claim } };
  }
  return {
    version: plain(field('version')),
    facetsVersion: plain(field('facets')),
    home: decode(home),
    locksMs,
    holdMs: number('hold'),
    arrivalMs: number('arrival'),
    claims,
  };
}

/** A version without padding, as scripts compare it. */
export const plain = (padded: string): string => padded.replace(/^0+(?=\d)/, '');

/** Joins a header and the facets from the store. */
export function joinRecord({ facetsVersion: _, claims, ...header }: Header, reported: Facets): AgentRecord {
  return { ...header, facets: { ...reported, ...claims } };
}

/** Formats a header in a format, without its versions, which the script sets. */
export function writeHeader(
  facets: Facets,
  home: string,
  { locksMs, holdMs }: Pick<AgentRecord, 'locksMs' | 'holdMs'>,
  weights: Weights,
  format: Format,
): string {
  const [fence, until, state, by, call, queue, completed, reason] = writeStoredClaim(facets.claim);
  const units = writeUnits(facets, locksMs);
  const fixed: Record<Field, string | number> = {
    format: format.number,
    version: 0,
    facets: 0,
    voice: availabilityOf(facets, units),
    lock: lockOf({ locksMs }),
    hold: holdMs,
    fence,
    until,
    completed,
    arrival: virtualArrival(facets, weights).arrivalMs,
    state: STATES[state as keyof typeof STATES] ?? STATES.none,
  };
  let padded = '';
  for (const [name, width] of format.fields) padded += pad(fixed[name], width);
  const ofAgent = [encode(home), writeSkills(facets.profile?.skills ?? {}), units].join(' ');
  return `${padded}${ofAgent}\n${[by, call, queue, reason].join(' ')}`;
}

/** A field of the fixed part. A number beyond its width is the largest that fits. */
function pad(value: string | number, width: number): string {
  if (typeof value === 'string') return value;
  const most = Math.min(10 ** width - 1, Number.MAX_SAFE_INTEGER);
  return String(Math.min(Math.max(0, Math.round(value)), most)).padStart(width, '0');
}

function availabilityOf(facets: Facets, units: string): string {
  if (isForgotten(facets)) return AVAILABILITY.forgotten;
  if (units !== NONE) return AVAILABILITY.units;
  return ownStatus(facets).status === 'AVAILABLE' ? AVAILABILITY.available : AVAILABILITY.unavailable;
}

const STATE_NAMES = new Map<string, string>(
  Object.entries(STATES).map(([name, letter]) => [letter, name === 'none' ? '-' : name]),
);

/** Formats the facets that a header does not hold. */
export function writeFacets({ claim: _, digitalClaims: __, ...rest }: Facets): string {
  return JSON.stringify(rest);
}

/** Parses stored facets. @throws Error if they are none */
export function readFacets(json: string): Facets {
  if (!json.startsWith('{')) throw new Error(`not the facets of an agent's record: ${json.slice(0, 80)}`);
  return JSON.parse(json) as Facets;
}

/** Formats an agent's skills for scripts: `,billing:080,spanish:100,`. */
function writeSkills(skills: Record<string, number>): string {
  const parts = Object.entries(skills).map(([name, level]) => `${skillIn(name)}${levelIn(level)}`);
  return parts.length > 0 ? `${parts.join('')},` : ',';
}

/** A level in three digits, so that scripts compare levels as texts. */
export const levelIn = (level: number): string => String(Math.round(level)).padStart(3, '0');

/** What stands before the level of a skill. */
export const skillIn = (name: string): string => `,${encodeURIComponent(name)}:`;

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

/**
 * The records that an instance saw last. Most writes change the header only, so the answer to a claim rarely needs the facets from
 * the store. May be outdated: use it only for what compare-and-set checks.
 */
export class SeenRecords {
  readonly #seen: LRUCache<string, { record: AgentRecord; reported: Facets; facetsVersion: string }>;

  /** @param most largest number of records */
  constructor(most: number) {
    this.#seen = new LRUCache({ max: most });
  }

  get(agentId: string): AgentRecord | undefined {
    return this.#seen.get(agentId)?.record;
  }

  /** @param reported the facets as stored, without claims, or their JSON. @throws Error if it is no record */
  keep(agentId: string, text: string, reported: string | Facets): AgentRecord {
    const header = readHeader(text);
    const facets = typeof reported === 'string' ? readFacets(reported) : reported;
    const record = joinRecord(header, facets);
    this.#seen.set(agentId, { record, reported: facets, facetsVersion: header.facetsVersion });
    return record;
  }

  /**
   * The records of these headers, by agent, with facets that are at least as new. Agents who were removed meanwhile are left out.
   * @param headers by agent
   * @param read reads the stored facets of agents, whose facets of that version are not known here; null for none
   * @throws Error if a record cannot be parsed
   */
  async join(
    headers: ReadonlyMap<string, string>,
    read: (agentIds: string[]) => Promise<(string | null)[]>,
  ): Promise<Map<string, AgentRecord>> {
    const records = new Map<string, AgentRecord>();
    const unknown: string[] = [];
    for (const [agentId, header] of headers) {
      const known = this.#seen.get(agentId);
      const isKnown = known !== undefined && known.facetsVersion === readHeader(header).facetsVersion;
      if (isKnown) records.set(agentId, this.keep(agentId, header, known.reported));
      else unknown.push(agentId);
    }
    const facets = unknown.length > 0 ? await read(unknown) : [];
    for (const [i, agentId] of unknown.entries()) {
      const text = facets[i];
      if (text) records.set(agentId, this.keep(agentId, headers.get(agentId) ?? '', text));
    }
    return records;
  }

  forget(agentId: string): void {
    this.#seen.delete(agentId);
  }

  clear(): void {
    this.#seen.clear();
  }
}
