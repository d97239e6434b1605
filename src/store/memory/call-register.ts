import { type Claim, claimsOf, isRunning } from '../../agent/facets.ts';
import { lockOf } from '../../agent/status.ts';
import type { AgentRecord } from '../agent-record.ts';

/** What a domain knows of a call. */
export interface CallState {
  agentId: string;
  /** Of the claim; 0 where the agent's home was asked, and what it said is not known. */
  fence: number;
  /** What the call asked for; undefined where only another region knows. */
  wish: string | undefined;
  /** Agents who have refused the call, the latest last. */
  declined: string[];
}

/** What the entry of a call says of its claim now. */
interface Standing {
  /** The claim, while it holds its agent. */
  live: Claim | undefined;
  /** The same, whether or not its time is over, as long as nobody has ended it. */
  running: Claim | undefined;
  record: AgentRecord | undefined;
}

/** How long an entry outlives the last that was heard of its claim. */
const REMEMBERED_MS = 600_000;
/** One write in so many looks for calls to forget. */
const CLEANING = 64;
/** Agents who have refused a call; of more the latest. */
const MOST_DECLINED = 16;

/** Which claim each call has, so that a retry is given the same one. */
export class CallRegister {
  readonly #records: ReadonlyMap<string, AgentRecord>;
  readonly #entries = new Map<string, CallState & { atMs: number }>();
  #writes = 0;

  constructor(records: ReadonlyMap<string, AgentRecord>) {
    this.#records = records;
  }

  recall(callId: string, nowMs: number): CallState | undefined {
    const entry = this.#entries.get(callId);
    return entry && !this.#isOver(callId, entry, nowMs) ? entry : undefined;
  }

  remember(callId: string, entry: CallState, nowMs: number): void {
    this.#entries.set(callId, { ...entry, atMs: nowMs });
    this.#writes += 1;
    if (this.#writes % CLEANING !== 0) return;
    for (const [id, each] of this.#entries) if (this.#isOver(id, each, nowMs)) this.#entries.delete(id);
  }

  /** What a call's entry comes to. The fence alone does not name its claim: two regions may have given it on two units of the agent. */
  standing(callId: string, { agentId, fence }: Pick<CallState, 'agentId' | 'fence'>, nowMs: number): Standing {
    const record = this.#records.get(agentId);
    const claim = record && claimsOf(record.facets).find((each) => each.fence === fence && each.callId === callId);
    const running = claim && isRunning(claim) ? claim : undefined;
    const live = record && running && lockOf(record, running.unit) > nowMs ? running : undefined;
    return { live, running, record };
  }

  #isOver(callId: string, entry: CallState & { atMs: number }, nowMs: number): boolean {
    return entry.atMs < nowMs - REMEMBERED_MS && !this.standing(callId, entry, nowMs).live;
  }
}

/** The agents who have refused a call, with one more. */
export const andDeclined = (declined: string[], agentId: string): string[] =>
  [...declined.filter((each) => each !== agentId), agentId].slice(-MOST_DECLINED);
