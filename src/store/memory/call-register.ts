import { type Claim, isRunning } from '../../agent/facets.ts';
import { claimOn, digitalUnits, lockOf, VOICE } from '../../agent/status.ts';
import type { AgentRecord } from '../agent-record.ts';
import { CALL_KEPT_MS } from '../queues.ts';

/** The entry of a call. */
export interface CallState {
  agentId: string;
  /** The claim's fence; 0 if the agent's home was asked and its answer is not known. */
  fence: number;
  /** The claim request in one word; undefined if only another region knows it. */
  wish: string | undefined;
  /** Agents who have refused the call, in order of time. */
  declined: string[];
}

/** The state of the claim that an entry names. */
interface Standing {
  /** The claim, while it holds its agent. */
  live: Claim | undefined;
  /** The claim, even if it has lapsed, as long as it was not ended. */
  running: Claim | undefined;
  record: AgentRecord | undefined;
}

/** Limit of remembered refusals for each call; the latest are kept. */
const MOST_DECLINED = 16;

/** Maps calls to claims, so that a retry gets the same claim. */
export class CallRegister {
  readonly #records: ReadonlyMap<string, AgentRecord>;
  readonly #entries = new Map<string, CallState & { atMs: number }>();

  constructor(records: ReadonlyMap<string, AgentRecord>) {
    this.#records = records;
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  recall(callId: string, nowMs: number): CallState | undefined {
    const entry = this.#entries.get(callId);
    return entry && !this.#isOver(callId, entry, nowMs) ? entry : undefined;
  }

  remember(callId: string, entry: CallState, nowMs: number): void {
    this.#entries.set(callId, { ...entry, atMs: nowMs });
  }

  /** Removes old entries. @returns how many */
  sweep(nowMs: number): number {
    const old = [...this.#entries].filter(([callId, entry]) => this.#isOver(callId, entry, nowMs));
    for (const [callId] of old) this.#entries.delete(callId);
    return old.length;
  }

  /** Looks up the claim of an entry by fence and call: two regions may have used the same fence on two units of an agent. */
  standing(callId: string, { agentId, fence }: Pick<CallState, 'agentId' | 'fence'>, nowMs: number): Standing {
    const record = this.#records.get(agentId);
    const claim = record && claimsByUnit(record).find((each) => each.fence === fence && each.callId === callId);
    const running = claim && isRunning(claim) ? claim : undefined;
    const live = record && running && lockOf(record, running.unit) > nowMs ? running : undefined;
    return { live, running, record };
  }

  #isOver(callId: string, entry: CallState & { atMs: number }, nowMs: number): boolean {
    return entry.atMs < nowMs - CALL_KEPT_MS && !this.standing(callId, entry, nowMs).live;
  }
}

/** All claims of an agent, in the order of the units as stored in Redis. */
const claimsByUnit = ({ facets }: AgentRecord): Claim[] =>
  [VOICE, ...digitalUnits(facets).map(({ name }) => name)].flatMap((unit) => claimOn(facets, unit) ?? []);

/** Adds an agent to those who have refused a call. */
export const andDeclined = (declined: string[], agentId: string): string[] =>
  [...declined.filter((each) => each !== agentId), agentId].slice(-MOST_DECLINED);
