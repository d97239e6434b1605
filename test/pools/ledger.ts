import { isDeepStrictEqual } from 'node:util';
import type { Claim, Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { claimOn, digitalUnits, lockOf, VOICE, virtualArrival } from '../../src/agent/status.ts';
import { homeOfAgent } from '../../src/config/topology.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import type { ClaimReply, ClaimRequest } from '../../src/store/queues.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import type { Pool } from '../fixtures/pool.ts';
import { highestFence, type Known } from './oracle.ts';

/** The store broke a promise. */
export class Wrong extends Error {
  override name = 'Wrong';
}

/** How far a time of the store may be from what an act implies, in ms: requests take time. */
const TOLERANCE_MS = 30_000;
const ATTEMPTS = 8;

/**
 * The agents of a pool as they must be: each change is merged here, too, and claims are added as they were granted. From
 * the store come only times by its clock. Each record that the store returns is compared.
 */
export class Ledger {
  readonly agents = new Map<string, Known>();
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Reports a change of an agent. Merging twice is harmless, so it is repeated if the store was too slow. */
  async report(agentId: string, change: Facets): Promise<void> {
    const home = homeOfAgent(this.#pool.config, agentId) ?? '';
    const { facets: before, locksMs, holdMs } = this.agents.get(agentId) ?? { facets: {}, locksMs: {}, holdMs: 0 };
    const { facets, changed } = merge(before, change);
    const known: Known = { home, facets, locksMs: { ...locksMs }, holdMs };
    const { record } = await this.#applied(agentId, change);
    if (changed.includes('claim') || changed.includes('digitalClaims')) {
      // News of a claim ends a reservation.
      known.holdMs = 0;
      for (const unit of [VOICE, ...Object.keys(change.digitalClaims ?? {})]) {
        const claim = claimOn(change, unit);
        if (!claim) continue;
        known.locksMs[unit] = lockOf(record, unit);
        const lockMs = claim.state === 'ENDED' ? 0 : (claim.remainingMs ?? 0);
        this.#demandLock(`${agentId} after news of a claim on ${unit}`, lockOf(record, unit), lockMs);
      }
    }
    this.agents.set(agentId, known);
    this.compare(agentId, record);
  }

  async #applied(agentId: string, change: Facets): Promise<{ record: AgentRecord }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#pool.agents.apply(agentId, change)).evenIfLost();
      } catch (error) {
        if (!(error instanceof ShardUnavailable) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Adds a claim that the store has granted. @returns the unit that it took */
  granted({ agentId, record, fence, clockMs }: ClaimReply, request: ClaimRequest): string {
    const known = this.#known(agentId);
    const units = [{ name: VOICE, media: VOICE, isOffered: true }, ...digitalUnits(known.facets)];
    const taken = units.filter(({ name }) => {
      const claim = claimOn(record?.facets ?? {}, name);
      return claim?.fence === fence && claim.callId === request.callId;
    });
    const [unit] = taken;
    if (!unit || taken.length > 1 || !record) throw new Wrong(`${agentId} was granted, but no one unit has the claim`);
    if (unit.media !== request.media || !unit.isOffered) throw new Wrong(`${agentId} was granted on ${unit.name}`);
    if (lockOf(known, unit.name) > clockMs) throw new Wrong(`${agentId} was granted on ${unit.name}, which is locked`);
    if (fence <= highestFence(known)) throw new Wrong(`${agentId} was granted under fence ${fence}, which is not new`);
    const untilMs = clockMs + request.heldMs;
    const claim: Claim = {
      ...(unit.name !== VOICE && { unit: unit.name }),
      ...{ fence, state: 'HELD', untilMs, callId: request.callId, queue: request.queue },
      completedAtMs: claimOn(known.facets, unit.name)?.completedAtMs ?? 0,
      ...(known.home !== request.region && { by: request.region }),
    };
    this.#setClaim(known, unit.name, claim, untilMs);
    this.compare(agentId, record);
    return unit.name;
  }

  /** Adds the reservation of an agent whose home has to be asked. */
  reserved({ agentId, record, clockMs }: ClaimReply, { holdMs }: ClaimRequest): void {
    const known = this.#known(agentId);
    known.holdMs = clockMs + holdMs;
    if (record?.holdMs !== known.holdMs) throw new Wrong(`${agentId} was reserved until ${record?.holdMs}`);
    this.compare(agentId, record);
  }

  /** Adds a move of a claim. Its times are those that the store gave. @param expected the claim but for its times */
  settled(agentId: string, unit: string, record: AgentRecord, expected: Partial<Claim>, lockMs: number): void {
    const known = this.#known(agentId);
    const claim = claimOn(record.facets, unit);
    if (!claim) throw new Wrong(`the settled claim of ${agentId} on ${unit} is not in the record`);
    for (const [name, value] of Object.entries(expected)) {
      if (claim[name as keyof Claim] !== value) throw new Wrong(`${agentId}: ${name} of ${unit} is not ${value}`);
    }
    this.#demandLock(`${agentId} after a settlement on ${unit}`, lockOf(record, unit), lockMs);
    this.#setClaim(known, unit, claim, lockOf(record, unit));
    this.compare(agentId, record);
  }

  removed(agentId: string): void {
    this.agents.delete(agentId);
  }

  /** Compares what the store holds of everybody with what it must hold. */
  async compareAll(): Promise<void> {
    const records = await this.#pool.agents.getAll(this.#pool.name, [...this.agents.keys()]);
    for (const agentId of this.agents.keys()) {
      const record = records.get(agentId);
      if (!record) throw new Wrong(`${agentId} has no record`);
      this.compare(agentId, record);
    }
  }

  compare(agentId: string, record: AgentRecord): void {
    const { home, facets, locksMs, holdMs } = this.#known(agentId);
    const nowMs = this.#pool.store.nowMs() - TOLERANCE_MS;
    const units = [VOICE, ...digitalUnits(facets).map(({ name }) => name)];
    const plain = (locks: typeof locksMs) =>
      units.map((unit) => [unit, Math.max(nowMs, lockOf({ locksMs: locks }, unit))]);
    const { arrivalMs } = virtualArrival(facets, this.#pool.config.ranking);
    const must = { home, arrivalMs, locks: plain(locksMs), holdMs: Math.max(nowMs, holdMs), ...reported(facets) };
    const is = {
      ...{ home: record.home, arrivalMs: record.arrivalMs, locks: plain(record.locksMs) },
      ...{ holdMs: Math.max(nowMs, record.holdMs), ...reported(record.facets) },
    };
    if (isDeepStrictEqual(is, must)) return;
    throw new Wrong(`the record of ${agentId} is ${JSON.stringify(is)}, and must be ${JSON.stringify(must)}`);
  }

  #known(agentId: string): Known {
    const known = this.agents.get(agentId);
    if (!known) throw new Wrong(`the store answered with ${agentId}, who is not known`);
    return known;
  }

  #setClaim(known: Known, unit: string, claim: Claim, untilMs: number): void {
    known.holdMs = 0;
    known.locksMs = { ...known.locksMs, [unit]: untilMs };
    if (unit === VOICE) known.facets = { ...known.facets, claim };
    else known.facets = { ...known.facets, digitalClaims: { ...known.facets.digitalClaims, [unit]: claim } };
  }

  #demandLock(what: string, untilMs: number, lockMs: number): void {
    const must = lockMs === 0 ? 0 : this.#pool.store.nowMs() + lockMs;
    if (Math.abs(untilMs - must) > TOLERANCE_MS)
      throw new Wrong(`the lock of ${what} ends at ${untilMs}, not at ${must}`);
  }
}

const reported = ({ profile, presence, activity, interactions }: Facets) =>
  JSON.parse(JSON.stringify({ profile, presence, activity, interactions })) as Facets;
