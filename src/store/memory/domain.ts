import { randomUUID } from 'node:crypto';
import { type Claim, claimsOf, type Facets, isRunning, type Media } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import { claimOn, lockOf, openingsOf, VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Lapsed } from '../queues.ts';
import { CHANGES_KEPT, type Change, type OutboxEntry, type Unpublished, type Waiting } from '../store.ts';
import { CallRegister } from './call-register.ts';

/** Key of the sorted set of a queue for one media type. */
export const lineOf = (queue: string, media: Media): string => `${media} ${queue}`;

/** The sorted sets that hold the agent: for each queue and each media type that the agent could take, live claims aside. */
export function linesOf(config: Config, agentId: string, { facets }: Pick<AgentRecord, 'facets'>): string[] {
  if (homeOfAgent(config, agentId) === undefined) return [];
  const { open } = openingsOf(facets);
  return queuesOf(config, agentId, facets.profile).flatMap((queue) => open.map(({ media }) => lineOf(queue, media)));
}

/** A change, and whether it is this region's to publish. */
interface Noted extends OutboxEntry {
  isOurs: boolean;
  /** Stands for changes that were not noted: see scripts/changes.lua. */
  isGap?: boolean;
}

const BEGINNING = '0-0';
const positionOf = (number: number): string => `${number}-0`;
const numberOf = (position: string): number => Number(position.split('-')[0]);

/** The records of a domain, with the queues, calls and changes derived from them. Each method is atomic. */
export class MemoryDomain {
  readonly records = new Map<string, AgentRecord>();
  /** Agents by queue and media type. */
  readonly lines = new Map<string, Set<string>>();
  readonly calls = new CallRegister(this.records);
  /** What is true of the domain's data as a whole. */
  storeId: string = randomUUID();
  #changes: Noted[] = [];
  #position = 0;
  #published = 0;
  /** Position of the gap. */
  #gap: number | undefined;
  #leftOut = 0;
  #isTrimmed = false;

  /** Writes a record under a new, higher version. @returns the record as stored */
  write(
    config: Config,
    agentId: string,
    record: Omit<AgentRecord, 'version' | 'arrivalMs'>,
    nowMs: number,
  ): AgentRecord {
    const before = Number(this.records.get(agentId)?.version ?? 0);
    const { arrivalMs } = virtualArrival(record.facets, config.ranking);
    const now = { ...record, arrivalMs, version: String(Math.max(before + 1, nowMs * 1000)) };
    this.records.set(agentId, now);
    this.place(agentId, linesOf(config, agentId, now));
    return now;
  }

  /** Moves the agent into these sorted sets, and out of all others. @returns how many the agent entered and left */
  place(agentId: string, lines: string[]): { entered: number; left: number } {
    let [entered, left] = [0, 0];
    for (const [line, agentIds] of this.lines) if (!lines.includes(line) && agentIds.delete(agentId)) left++;
    for (const line of lines) {
      const agentIds = this.lines.get(line) ?? new Set();
      this.lines.set(line, agentIds);
      if (!agentIds.has(agentId)) entered++;
      agentIds.add(agentId);
    }
    return { entered, left };
  }

  remove(agentId: string): void {
    this.records.delete(agentId);
    this.place(agentId, []);
  }

  /** Appends a change, or leaves it out. @param most limit of changes that wait @returns its position, or that of the gap */
  note(
    agentId: string,
    { claim, isOurs = false, message, writtenMs = 0 }: Partial<Noted> = {},
    most = Number.POSITIVE_INFINITY,
  ): string {
    if (message === undefined && this.#countFrom(this.#indexBehind(this.#published)) >= most) {
      return this.#leaveOut(isOurs, writtenMs);
    }
    this.#position += 1;
    const position = positionOf(this.#position);
    const noted = { position, agentId, writtenMs, isOurs, ...(claim && { claim: asStored(claim) }) };
    this.#changes.push({ ...noted, ...(message !== undefined && { message }) });
    return position;
  }

  #leaveOut(isOurs: boolean, writtenMs: number): string {
    if (this.#gap !== undefined) this.#changes.splice(this.#indexBehind(this.#gap) - 1, 1);
    this.#position += 1;
    this.#gap = this.#position;
    const position = positionOf(this.#position);
    this.#changes.push({ position, agentId: '', writtenMs, isOurs: false, isGap: true });
    if (isOurs) this.#leftOut += 1;
    return position;
  }

  /** Index of the first entry behind a position. */
  #indexBehind(number: number): number {
    let [from, to] = [0, this.#changes.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (numberOf(this.#changes[middle]?.position ?? '') > number) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  /** The number of changes from an index on: the gap is none. */
  #countFrom(index: number): number {
    const hasGap = this.#gap !== undefined && this.#indexBehind(this.#gap) > index;
    return this.#changes.length - index - (hasGap ? 1 : 0);
  }

  /** The changes that are to be published next: see unpublished.lua. */
  unpublished(published: Unpublished | undefined, most: number): Unpublished {
    // In a store that was emptied since, positions begin again.
    if (published?.storeId === this.storeId) this.#published = Math.max(this.#published, numberOf(published.to));
    const spare = this.#indexBehind(this.#published) - CHANGES_KEPT;
    if (spare > CHANGES_KEPT) {
      if (this.#changes.splice(0, spare).some(({ isGap }) => isGap)) this.#gap = undefined;
      this.#isTrimmed = true;
    }
    const first = this.#indexBehind(this.#published);
    const read = this.#changes.slice(first, first + most);
    const from = positionOf(this.#published);
    return {
      ...{ storeId: this.storeId, latest: this.latest(), from, to: read.at(-1)?.position ?? from },
      count: read.filter(({ isGap }) => !isGap).length,
      entries: read.flatMap(({ isOurs, ...entry }) => (isOurs ? [entry] : [])),
    };
  }

  has(storeId: string, position: string): boolean {
    const index = this.#indexBehind(numberOf(position)) - 1;
    return storeId === this.storeId && this.#changes[index]?.position === position;
  }

  waiting(nowMs: number): Waiting {
    const index = this.#indexBehind(this.#published);
    const oldest = this.#changes.slice(index, index + 2).find(({ isGap }) => !isGap);
    const ageMs = oldest ? Math.max(0, nowMs - oldest.writtenMs) : 0;
    return { count: this.#countFrom(index), ageMs, leftOut: this.#leftOut };
  }

  latest(): string {
    return positionOf(this.#position);
  }

  changesAfter(position: string, count: number): Change[] | 'gone' {
    const index = this.#indexBehind(numberOf(position));
    const isThere = position === BEGINNING ? !this.#isTrimmed : this.#changes[index - 1]?.position === position;
    const changes = this.#changes.slice(index, index + count);
    if (!isThere || changes.some(({ isGap }) => isGap)) return 'gone';
    return changes.map(({ isOurs: _, isGap: __, message: ___, writtenMs: ____, ...change }) => change);
  }

  /** The agent directory: ids of all agents who are not forgotten, in byte order. */
  listed(): string[] {
    const ids = [...this.records].flatMap(([id, { facets }]) => (isForgotten(facets) ? [] : [id]));
    return ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }

  /** Lapsed claims that a region granted, the oldest first. */
  lapsed(region: string, nowMs: number): Lapsed[] {
    const all = [...this.records].flatMap(([agentId, record]) =>
      claimsOf(record.facets).flatMap((claim) => {
        const lockMs = lockOf(record, claim.unit);
        const isOver = isRunning(claim) && (claim.by ?? record.home) === region && lockMs > 0 && lockMs <= nowMs;
        return isOver ? [{ lockMs, lapsed: { agentId, unit: claim.unit ?? VOICE, record } }] : [];
      }),
    );
    return all.sort((one, other) => one.lockMs - other.lockMs).map(({ lapsed }) => lapsed);
  }
}

/** Removes the field that is only used in messages. */
function asStored({ remainingMs: _, ...claim }: Claim): Claim {
  return claim;
}

/** A copy of facets as a store would return them, so that later changes by the caller have no effect. */
export function kept(facets: Facets): Facets {
  const { claim, digitalClaims, ...rest } = facets;
  const digital = Object.entries(digitalClaims ?? {}).map(([unit, each]) => [unit, { ...asStored(each), unit }]);
  return structuredClone({
    ...(JSON.parse(JSON.stringify(rest)) as Facets),
    ...(claim && { claim: asStored(claim) }),
    ...(digital.length > 0 && { digitalClaims: Object.fromEntries(digital) }),
  });
}

/** Replaces the claim on a unit. */
export function withClaim(facets: Facets, unit: string, claim: Claim): Facets {
  if (unit === VOICE) return { ...facets, claim };
  return { ...facets, digitalClaims: { ...facets.digitalClaims, [unit]: { ...claim, unit } } };
}

/** The highest fence of the agent, over all units. */
export const highestFence = ({ facets }: AgentRecord): number =>
  Math.max(0, ...claimsOf(facets).map(({ fence }) => fence));

/** The claim on a unit, or an ended one with fence 0 if there never was any. */
export const claimOrNone = (facets: Facets, unit: string): Claim =>
  claimOn(facets, unit) ?? { fence: 0, state: 'ENDED', untilMs: 0, callId: '', queue: '', completedAtMs: 0 };
