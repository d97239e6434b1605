import { type Claim, claimsOf, type Facets, isRunning, type Media } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import { claimOn, lockOf, openingsOf, VOICE, virtualArrival } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent, queuesOf } from '../../config/topology.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Lapsed } from '../queues.ts';
import { CHANGES_KEPT, type Change } from '../store.ts';
import { CallRegister } from './call-register.ts';

/** A line of a queue, for one media type. */
export const lineOf = (queue: string, media: Media): string => `${media} ${queue}`;

/** The lines that the agent belongs in: those of their queues, for each type of which one more may come but for claims. */
export function linesOf(config: Config, agentId: string, { facets }: Pick<AgentRecord, 'facets'>): string[] {
  if (homeOfAgent(config, agentId) === undefined) return [];
  const { open } = openingsOf(facets);
  return queuesOf(config, agentId, facets.profile).flatMap((queue) => open.map(({ media }) => lineOf(queue, media)));
}

/** A domain's records, and all that follows from them. Its methods are steps: nothing comes between their parts. */
export class MemoryDomain {
  readonly records = new Map<string, AgentRecord>();
  /** By line: the agents in it. */
  readonly lines = new Map<string, Set<string>>();
  readonly calls = new CallRegister(this.records);
  #changes: Change[] = [];
  #position = 0;

  /** Writes a record under a version above all before it. @returns it as it is now */
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

  /** Puts the agent into these lines, and out of all others. @returns how many lines they came into, and went out of */
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

  /** The ids of agents who are known and not forgotten, in the order of their bytes. */
  listed(): string[] {
    const ids = [...this.records].flatMap(([id, { facets }]) => (isForgotten(facets) ? [] : [id]));
    return ids.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  }

  /** Claims of a region whose time is over, the longest ago first. */
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

/** Without what is said of a claim on its way. */
function asStored({ remainingMs: _, ...claim }: Claim): Claim {
  return claim;
}

/** Facets as a store keeps them: nothing that is written later changes them. */
export function kept(facets: Facets): Facets {
  const { claim, digitalClaims, ...rest } = facets;
  const digital = Object.entries(digitalClaims ?? {}).map(([unit, each]) => [unit, { ...asStored(each), unit }]);
  return structuredClone({
    ...(JSON.parse(JSON.stringify(rest)) as Facets),
    ...(claim && { claim: asStored(claim) }),
    ...(digital.length > 0 && { digitalClaims: Object.fromEntries(digital) }),
  });
}

/** The facets with another claim on a unit. */
export function withClaim(facets: Facets, unit: string, claim: Claim): Facets {
  if (unit === VOICE) return { ...facets, claim };
  return { ...facets, digitalClaims: { ...facets.digitalClaims, [unit]: { ...claim, unit } } };
}

/** The highest fence that was given on the agent, for whatever type. */
export const highestFence = ({ facets }: AgentRecord): number =>
  Math.max(0, ...claimsOf(facets).map(({ fence }) => fence));

/** The claim of a unit, whether or not there has ever been one. */
export const claimOrNone = (facets: Facets, unit: string): Claim =>
  claimOn(facets, unit) ?? { fence: 0, state: 'ENDED', untilMs: 0, callId: '', queue: '', completedAtMs: 0 };
