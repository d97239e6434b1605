import type { Claim, Media, RequiredSkills } from '../agent/facets.ts';
import type { AgentRecord } from './agent-record.ts';
import type { Written } from './written.ts';

/** Why an agent was passed over. `stale`, `budget` and `unreachable` are said of its home. */
export type Obstacle = 'busy' | 'claimed' | 'held' | 'skill' | 'stale' | 'budget' | 'unreachable';

/** Homes whose agents cannot be taken now, and why. */
export type PassOver = Map<string, Extract<Obstacle, 'stale' | 'budget' | 'unreachable'>>;

/** How many records a walk looked at, and how many it passed over for what. */
export type Tally = { seen: number } & Partial<Record<Obstacle, number>>;

export interface Considered {
  agentId: string;
  /** Absent for an agent who could be taken. */
  obstacle?: Obstacle;
  /** Absent for a member of the queue without a record. */
  record?: AgentRecord;
}

interface Walk {
  domain: string;
  queue: string;
  /** Of the interaction that an agent is wanted for. */
  media: Media;
  skills: RequiredSkills;
  passOver: PassOver;
  /** Agents not to be passed over for their home, because the platform has vouched for them. */
  vouched: string[];
  /** Whether everyone considered is to be named. */
  explain: boolean;
}

export interface FindRequest extends Walk {
  limit: number;
}

export interface ClaimRequest extends Walk {
  region: string;
  callId: string;
  /** What the caller asked for, in one word: a retry is the same wish. */
  wish: string;
  /** How long the claim holds its agent, in ms. */
  heldMs: number;
  /** How long an agent is held whose home is to be asked, in ms. */
  holdMs: number;
  /** Agents not to be considered, e.g. because their home has just answered that it does not grant them. */
  excluded: string[];
  /** Those of the vouched who may be granted here though their home is elsewhere. */
  instead: string[];
  /** Only this agent will do. */
  agentId?: string | undefined;
  deadlineMs: number;
}

interface WalkReply {
  /** The store's clock, ms: what locks are judged by. */
  clockMs: number;
  tally: Tally;
  /** In the order of the walk; empty unless `explain`. Agents who are taken may be left out. */
  considered: Considered[];
}

export interface Found extends WalkReply {
  /** Best first. */
  agents: { agentId: string; record: AgentRecord }[];
}

/**
 * - `granted`: homed here, or granted on the home's behalf: a unit of the agent is locked under a new fence, above all before
 * - `again`: the call has its agent, granted or homed here: written once more
 * - `other`: the same, but the call's wish was another: nothing changes
 * - `copy`, `copy_other`: the call has an agent as far as is known here, granted by another region: that one knows
 * - `ask`: homed elsewhere: held for a moment, so that its home can be asked
 * - `none`: nobody; the tally says why
 */
type Verdict = 'granted' | 'again' | 'other' | 'copy' | 'copy_other' | 'ask' | 'none';

export interface ClaimReply extends WalkReply {
  verdict: Verdict;
  /** Empty for `none`. */
  agentId: string;
  /** Absent for `none`. */
  record?: AgentRecord;
  /** Of the claim that was granted, or that the call has; else 0. */
  fence: number;
  /** Of the record that was written over; `0` where none was. */
  versionBefore: string;
  /** The claim of this region that had the unit: its time was over, and nobody had ended it yet. */
  lapsed?: Claim;
}

/** The queues of the region's store: only agents who may be taken stand in them. */
export interface Queues {
  /** The best agents of a queue, changing nothing. */
  find(request: FindRequest): Promise<Found>;
  /** Takes the best agent of a queue for a call, exactly once. */
  claim(request: ClaimRequest): Promise<Written<ClaimReply>>;
  /** Agents in line, and those at the tail because they are taken. */
  size(domain: string, queue: string, media: Media): Promise<{ inLine: number; taken: number }>;
}

/** The agent a call was last given or offered. */
export interface CallEntry {
  agentId: string;
  /** Of the claim; 0 where the agent's home was asked, and what it said is not known. */
  fence: number;
}

/** A claim whose time is over, and which is still to be ended. */
export interface Lapsed {
  agentId: string;
  /** The unit of the agent's capacity that it takes. */
  unit: string;
  record: AgentRecord;
}

/** The register of calls and their claims. */
export interface Calls {
  /** What a domain knows of a call: for 10 minutes after it was last written, and while its claim holds the agent. */
  entryOf(domain: string, callId: string): Promise<CallEntry | undefined>;
  /** Claims that this region granted in a domain, and that have lapsed by the store's clock; the longest ago first. */
  lapsed(domain: string, most: number): Promise<Lapsed[]>;
}
