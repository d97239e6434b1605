import type { Claim, Media, RequiredSkills } from '../agent/facets.ts';
import type { AgentRecord } from './agent-record.ts';
import type { Written } from './written.ts';

/** Pass-over reason. `stale`, `budget` and `unreachable` concern the agent's home. */
export type Obstacle = 'busy' | 'claimed' | 'held' | 'skill' | 'stale' | 'budget' | 'unreachable';

/** Homes whose agents cannot be claimed now, with the reason. */
export type PassOver = Map<string, Extract<Obstacle, 'stale' | 'budget' | 'unreachable'>>;

/** Scan counts: records that a scan looked at, and how many it passed over, by reason. */
export type Tally = { seen: number } & Partial<Record<Obstacle, number>>;

export interface Considered {
  agentId: string;
  /** Absent for an agent who could be claimed. */
  obstacle?: Obstacle;
  /** Absent for a member of the queue without a record. */
  record?: AgentRecord;
}

interface Walk {
  domain: string;
  queue: string;
  /** Media type of the requested interaction. */
  media: Media;
  skills: RequiredSkills;
  passOver: PassOver;
  /** Platform-verified agents: not passed over because of their home. */
  vouched: string[];
  /** Whether the reply lists all agents that were considered. */
  explain: boolean;
}

export interface FindRequest extends Walk {
  limit: number;
}

export interface ClaimRequest extends Walk {
  region: string;
  callId: string;
  /** The claim request in one word, to tell a retry from another request under the same call id. */
  wish: string;
  /** How long the claim is held, in ms. */
  heldMs: number;
  /** Duration of a reservation while the home is asked, in ms. */
  holdMs: number;
  /** Agents not to be considered, e.g. because their home has just answered that it does not grant them. */
  excluded: string[];
  /** Platform-verified agents of other homes for whom a delegated grant is allowed. */
  instead: string[];
  /** The only agent to consider; absent: all. */
  agentId?: string | undefined;
  deadlineMs: number;
}

interface WalkReply {
  /** Time of the store's clock, in ms; locks expire by it. */
  clockMs: number;
  tally: Tally;
  /** In the order of the scan; empty unless `explain`. Claimed agents may be left out. */
  considered: Considered[];
  /** Time was too short to look at everybody who could qualify, so that nobody was found is no fact. */
  isIncomplete?: true;
}

export interface Found extends WalkReply {
  /** Best first. */
  agents: { agentId: string; record: AgentRecord }[];
}

/**
 * Outcome of a claim in the store:
 *
 * - `granted`: a unit of the agent is locked under a new, highest fence. The agent is homed here, or the grant is delegated
 * - `again`: the call already has a claim that this region granted; it is written once more
 * - `other`: as `again`, but for another claim request of the call; nothing changes
 * - `copy`, `copy_other`: as `again` and `other`, but another region granted the claim and has to be asked
 * - `ask`: the best agent is homed elsewhere and reserved, so that the home can be asked
 * - `none`: no agent; the scan counts say why
 */
type Verdict = 'granted' | 'again' | 'other' | 'copy' | 'copy_other' | 'ask' | 'none';

export interface ClaimReply extends WalkReply {
  verdict: Verdict;
  /** Empty for `none`. */
  agentId: string;
  /** Absent for `none`. */
  record?: AgentRecord;
  /** Fence of the granted claim, or of the one that the call has; else 0. */
  fence: number;
  /** Version of the record that was replaced; `0` for none. */
  versionBefore: string;
  /** The lapsed claim on the same unit that this region granted and that the new claim has ended. */
  lapsed?: Claim;
}

/** The queues of the region's store. Only agents with free capacity are in them; claimed agents are at the tail. */
export interface Queues {
  /** Finds the best agents of a queue without claiming them. */
  find(request: FindRequest): Promise<Found>;
  /** Claims the best agent of a queue for a call. A retry of a call gets the same claim. */
  claim(request: ClaimRequest): Promise<Written<ClaimReply>>;
  /** Number of free agents in a queue, and of claimed ones at its tail. */
  size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }>;
}

/** The agent that a call was last assigned to or offered. */
export interface CallEntry {
  agentId: string;
  /** The claim's fence; 0 if the agent's home was asked and its answer is not known. */
  fence: number;
}

/** A lapsed claim that has not been ended yet. */
export interface Lapsed {
  agentId: string;
  /** The unit that it takes. */
  unit: string;
  record: AgentRecord;
}

/** How long the entry of a call is kept after its last write, in ms: retries come within minutes. */
export const CALL_KEPT_MS = 600_000;

/** The register of calls and their claims. */
export interface Calls {
  /** The entry of a call in a domain. Kept for {@link CALL_KEPT_MS}, and as long as its claim holds the agent. */
  entryOf(domain: string, callId: string): Promise<CallEntry | undefined>;
  /** Claims granted by this region that have lapsed by the store's clock, the earliest first. @param most maximum number */
  lapsed(domain: string, most: number): Promise<Lapsed[]>;
  /**
   * Removes old entries, a part of the register at a time.
   * @param cursor of the answer before; `0` to begin
   * @returns the next cursor, `0` at the end of the register; and the number of entries removed
   */
  sweep(domain: string, cursor: string): Promise<{ cursor: string; removed: number }>;
}
