import { type Claim, claimsOf, type Facets, isRunning, type Media } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import { claimOn, lockOf, openingsOf, VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Lapsed } from '../queues.ts';
import { CHANGES_KEPT, type Change } from '../store.ts';
import { CallRegister } from './call-register.ts';

/** Key of the sorted set of a queue for one media type. */
export const lineOf = (queue: string, media: Media): string => `${media} ${queue}`;

/** The sorted sets that hold the agent: for each queue and each media type that the agent could take, live claims aside. */
export function linesOf(config: Config, agentId: string, { facets }: Pick<AgentRecord, 'facets'>): string[] {
  if (homeOfAgent(config, agentId) === undefined) return [];
  const { open } = openingsOf(facets);
  return queuesOf(config, agentId, facets.profile).flatMap((queue) => open.map(({ media }) => lineOf(queue, media)));
}

/** The records of a domain, with the queues, calls and changes derived from them. Each method is atomic. */
export class MemoryDomain {
  readonly records = new Map<string, AgentRecord>();
  /** Agents by queue and media type. */
  readonly lines = new Map<string, Set<string>>();
  readonly calls = new CallRegister(this.records);
  #changes: Change[] = [];
  #position = 0;

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

  note(agentId: string, claim?: Claim): void {
    this.#position += 1;
    this.#changes.push({ position: `${this.#position}-0`, agentId, ...(claim && { claim: asStored(claim) }) });
    if (this.#changes.length > 2 * CHANGES_KEPT) this.#changes = this.#changes.slice(-CHANGES_KEPT);
  }

  latest(): string {
    return `${this.#position}-0`;
  }

  changesAfter(position: string, count: number): Change[] | 'gone' {
    const known = Number(position.split('-')[0]);
    const first = this.#position - this.#changes.length;
    if (known < first || known > this.#position || position !== `${known}-0`) return 'gone';
    return this.#changes.slice(known - first, known - first + count);
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
