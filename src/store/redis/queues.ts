import type { Media } from '../../agent/facets.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { ClaimReply, ClaimRequest, Considered, FindRequest, Found, Obstacle, Queues, Tally } from '../queues.ts';
import { CLAIMED } from '../record/layout.ts';
import {
  agentsKey,
  callsKey,
  changesKey,
  commonSkillsKey,
  encode,
  endsKey,
  holdersKey,
  levelIn,
  plain,
  queueKey,
  readNoted,
  type SeenRecords,
  skillIn,
  storeKey,
} from '../record/record.ts';
import type { Outbox } from '../store.ts';
import { signalRelay, type Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { Records } from './records.ts';
import { scripts } from './scripts.ts';
import { failureIn, Numbered, type ScriptBatch, type WriteBatcher } from './write-batcher.ts';

/** Queues in Redis: sorted sets. Each walk is one script call; claims that wait at the same time share one. */
export class RedisQueues implements Queues {
  readonly #cluster: Cluster;
  readonly #claims: WriteBatcher;
  readonly #outbox: Outbox;
  readonly #surplusMs: number;
  readonly #records: Records;
  readonly #seen: SeenRecords;

  /**
   * @param outbox told of what is to be published
   * @param surplusMs bonus for 100 levels of skill surplus, in ms
   * @param seen the records that this instance saw last
   */
  constructor(cluster: Cluster, claims: WriteBatcher, outbox: Outbox, surplusMs: number, seen: SeenRecords) {
    this.#cluster = cluster;
    this.#claims = claims;
    this.#outbox = outbox;
    this.#surplusMs = surplusMs;
    this.#records = new Records(cluster, seen);
    this.#seen = seen;
  }

  async find(request: FindRequest): Promise<Found> {
    const { domain, queue, media, limit } = request;
    const { skills, ...required } = requirementsOf(request);
    const keys = [
      queueKey(domain, queue, media),
      ...[agentsKey, changesKey, commonSkillsKey, storeKey].map((keyOf) => keyOf(domain)),
      ...(skills ?? []).map(([, , holders]) => holders),
    ];
    const packed: Requirements & Partial<Trip> & { surplus_ms: number; most: number } = {
      ...required,
      surplus_ms: this.#surplusMs,
      most: limit,
    };
    if (skills) packed.skills = skills.map(([name, least], i) => [name, least, i + 1]);
    const trips = new Trips();
    let trip: FindTrip;
    do {
      trip = (await this.#cluster.run(scripts.find, keys, [JSON.stringify({ ...packed, ...trips.next })])) as FindTrip;
      trips.add(trip[2], trip[3], trip[4] === AGAIN ? undefined : trip[4]);
    } while (trip[4] !== '' && trips.mayGoOn);
    const [agents, clock, , , cursor] = trip;
    const { tally, considered } = trips;
    const records = await this.#recordsOf(domain, new Map([...headersIn(considered), ...agents]));
    return {
      agents: agents.flatMap(([agentId]) => {
        const record = records.get(agentId);
        return record ? [{ agentId, record }] : []; // removed meanwhile
      }),
      clockMs: Number(clock),
      tally,
      considered: readConsidered(considered, records),
      ...(cursor !== '' && { isIncomplete: true }),
    };
  }

  async claim(request: ClaimRequest): Promise<Written<ClaimReply>> {
    const { domain, queue, media, region, deadlineMs, excluded, instead } = request;
    const wanted: Wanted = {
      ...requirementsOf(request),
      line: queueKey(domain, queue, media),
      ...{ call: encode(request.callId), name: encode(queue), wish: request.wish },
      ...{ lock_ms: request.heldMs, hold_ms: request.holdMs },
      ...(request.agentId && { only: request.agentId }),
      ...(excluded.length > 0 && { excluded: setOf(excluded) }),
      ...(instead.length > 0 && { instead: setOf(instead) }),
    };
    const batch = claimsIn(domain, region, this.#surplusMs, this.#outbox.limit);
    const until = this.#cluster.clock.monotonicMs() + deadlineMs;
    const trips = new Trips();
    for (;;) {
      const leftMs = until - this.#cluster.clock.monotonicMs();
      const written = await this.#claims.join(batch, { ...wanted, ...trips.next }, leftMs);
      // Facets are read whether or not a replica has acknowledged the claim; the answer carries its durability.
      const { clock, answer } = written.evenIfLost();
      const [verdict, , , , , tally = '', considered = [], last = ''] = answer;
      trips.add(tally, considered, verdict === 'more' && last !== '' ? last : undefined);
      const isLate = this.#cluster.clock.monotonicMs() + LONGEST_TRIP_MS >= until;
      if (verdict === 'more' && !isLate && trips.mayGoOn) continue;
      if (verdict === 'granted') signalRelay(this.#outbox, domain);
      const reply = await this.#read(domain, clock, answer, trips);
      return written.map(() => reply);
    }
  }

  async #read(
    domain: string,
    clock: string,
    answer: ClaimAnswer['answer'],
    { tally, considered }: Trips,
  ): Promise<ClaimReply> {
    const [found, agentId, header, fence, versionBefore, , , noted] = answer;
    const headers = new Map([...headersIn(considered), ...(header === '' ? [] : [[agentId, header] as const])]);
    const records = await this.#recordsOf(domain, headers);
    const isIncomplete = found === 'more';
    const verdict = isIncomplete ? 'none' : found;
    const [record, lapsed] = [records.get(agentId), noted && !isIncomplete ? readNoted(noted) : undefined];
    return {
      ...{ verdict, agentId, fence: Number(fence), clockMs: Number(clock), versionBefore: plain(versionBefore) },
      ...(record && { record }),
      tally,
      considered: readConsidered(considered, records),
      ...(lapsed && { lapsed }),
      ...(isIncomplete && { isIncomplete }),
    };
  }

  #recordsOf(domain: string, headers: ReadonlyMap<string, string>): Promise<Map<string, AgentRecord>> {
    return this.#seen.join(headers, (ids) => this.#records.facets(domain, ids));
  }

  async size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }> {
    const key = queueKey(domain, queue, media);
    const [inLine, all] = await Promise.all([
      this.#cluster.command(key, ['ZCOUNT', key, '-inf', `(${CLAIMED}`]),
      this.#cluster.command(key, ['ZCARD', key]),
    ]);
    return { inLine: Number(inLine), taken: Number(all) - Number(inLine) };
  }
}

/** The answer of one trip of a lookup; a cursor if somebody was left out. */
type FindTrip = [agents: [string, string][], clock: string, tally: string, considered: string[][], cursor: string];

/** Cursor of a trip that has to begin again. */
const AGAIN = 'again';
/** Trips of a request, and how many may begin again: a walk that finds nobody must not occupy a busy domain. */
const MOST_TRIPS = 64;
const MOST_RESTARTS = 4;

/** Where a trip goes on, and what those before it counted; `claim.lua` describes both. */
interface Trip {
  cursor: string;
  counted: number;
}

/** The trips of one request, and what they saw together. */
class Trips {
  tally: Tally = { seen: 0 };
  considered: string[][] = [];
  #cursor: string | undefined;
  #trips = 0;
  #restarts = -1;

  /** Adds what a trip saw. @param cursor where the next one goes on; undefined if it begins again */
  add(text: string, considered: string[][], cursor: string | undefined): void {
    if (this.#cursor === undefined) {
      this.tally = { seen: 0 };
      this.considered = [];
      this.#restarts += 1;
    }
    for (const [why, count] of Object.entries(readTally(text)) as [Obstacle, number][]) {
      this.tally[why] = (this.tally[why] ?? 0) + count;
    }
    this.considered.push(...considered);
    this.#cursor = cursor;
    this.#trips += 1;
  }

  get next(): Partial<Trip> {
    if (this.#cursor === undefined) return {};
    const { seen: _, claimed: __, ...others } = this.tally;
    return { cursor: this.#cursor, counted: Object.values(others).reduce((sum, count) => sum + count, 0) };
  }

  get mayGoOn(): boolean {
    const restarts = this.#restarts + (this.#cursor === undefined ? 1 : 0);
    return this.#trips < MOST_TRIPS && restarts <= MOST_RESTARTS;
  }
}

/** Time that is left for the last trip of a claim, in ms. */
const LONGEST_TRIP_MS = 50;

/** What a request requires of an agent; `walk.lua` describes the parts. */
interface Requirements {
  skills?: [name: string, least: string, key: number][];
  pass_over?: Record<string, string>;
  vouched?: Record<string, 1>;
  explain?: boolean;
}

/** A claim as `claim.lua` reads it, with keys instead of their numbers. */
interface Wanted extends Omit<Requirements, 'skills'>, Partial<Trip> {
  line: string;
  /** Required skills, and the keys of those who have them. */
  skills?: [name: string, least: string, holders: string][];
  call: string;
  name: string;
  wish: string;
  lock_ms: number;
  hold_ms: number;
  excluded?: Record<string, 1>;
  only?: string;
  instead?: Record<string, 1>;
}

type RawAnswer = [
  verdict: ClaimReply['verdict'] | 'more',
  agentId: string,
  header: string,
  fence: string,
  versionBefore: string,
  tally?: string,
  considered?: string[][],
  lapsedOrCursor?: string,
];

interface ClaimAnswer {
  clock: string;
  answer: RawAnswer;
}

const MOST_CLAIMS = 64;

/** Claims of a domain. @param surplusMs bonus for 100 levels of skill surplus, in ms */
function claimsIn(
  domain: string,
  region: string,
  surplusMs: number,
  mostWaiting: number,
): ScriptBatch<Wanted, ClaimAnswer> {
  const keys = [agentsKey, callsKey, changesKey, endsKey, commonSkillsKey, storeKey].map((keyOf) => keyOf(domain));
  return {
    ...{ script: scripts.claim, name: `claim ${domain}`, key: keys[0] as string, most: MOST_CLAIMS },
    compose(requests) {
      const lines = new Numbered();
      const claims = requests.map(({ line, skills, ...claim }) => ({
        ...claim,
        queue: lines.numberOf(line),
        ...(skills && { skills: skills.map(([name, least, holders]) => [name, least, lines.numberOf(holders)]) }),
      }));
      return {
        keys: [...keys, ...lines.all],
        args: [JSON.stringify({ region, surplus_ms: surplusMs, most_waiting: mostWaiting, claims })],
      };
    },
    read(reply, requests) {
      const [clock, ...answers] = reply as [string, ...RawAnswer[]];
      return requests.map((_, i) => failureIn(answers[i]) ?? { clock, answer: answers[i] as RawAnswer });
    },
  };
}

/** What a request requires of an agent, as `walk.lua` reads it, with the keys of those who have the skills. */
function requirementsOf(request: ClaimRequest | FindRequest): Pick<Wanted, keyof Requirements> {
  const { domain, skills, passOver, vouched, explain } = request;
  const levels = Object.entries(skills).map(([name, least]): [string, string, string] => {
    return [skillIn(name), levelIn(least), holdersKey(domain, name)];
  });
  const passed = [...passOver].map(([home, why]) => [encode(home), why]);
  return {
    ...(levels.length > 0 && { skills: levels }),
    ...(passed.length > 0 && { pass_over: Object.fromEntries(passed) }),
    ...(vouched.length > 0 && { vouched: setOf(vouched) }),
    ...(explain && { explain }),
  };
}

/** A set as Lua looks it up. */
const setOf = (ids: string[]): Record<string, 1> => Object.fromEntries(ids.map((id) => [id, 1 as const]));

const headersIn = (considered: string[][]): [string, string][] =>
  considered.flatMap(([agentId = '', , header]): [string, string][] => (header ? [[agentId, header]] : []));

function readTally(text: string): Tally {
  const words = text.split(' ');
  const tally: Tally = { seen: 0 };
  for (let i = 0; i + 1 < words.length; i += 2) tally[words[i] as Obstacle] = Number(words[i + 1]);
  return tally;
}

function readConsidered(considered: string[][], records: ReadonlyMap<string, AgentRecord>): Considered[] {
  return considered.map(([agentId = '', obstacle]) => {
    const record = records.get(agentId);
    return { agentId, ...(obstacle && { obstacle: obstacle as Obstacle }), ...(record && { record }) };
  });
}
