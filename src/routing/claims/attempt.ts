import { createHash } from 'node:crypto';
import type { Media } from '../../agent/facets.ts';
import type { RequiredSkills } from '../../agent/ranking.ts';
import type { Queue } from '../../config/topology.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { Tally } from '../../store/queues.ts';
import type { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';

export interface ClaimRequest {
  queue: string;
  callId: string;
  /** Of the interaction that an agent is wanted for. */
  media: Media;
  skills: RequiredSkills;
  budgetMs: number;
  /** The caller wants this agent and no other. */
  agentId?: string;
  explain: boolean;
  /** Whether Muster has the platform send the conversation to the agent. */
  deliver?: 'assign';
  /** The region that asks on its caller's behalf; then only agents homed here count, and nobody else is asked. */
  askedBy?: string;
  /** The agent that the region which asks proposes: no other is considered, whatever its caller wants. */
  proposes?: string;
}

export interface Granted {
  claim: ClaimAnswer;
  /** The call had this claim already. */
  again: boolean;
}

/** One request on its way to an agent. */
export interface Attempt {
  region: Region;
  request: ClaimRequest;
  queue: Queue;
  /** What the caller asked for, in one word. */
  wish: string;
  /** Monotonic ms. */
  startedMs: number;
  /** Agents whose homes have refused them. */
  refused: string[];
  /** Homes this attempt has asked without an answer: certainly not reached, or perhaps. It asks none of them again. */
  unanswered: Map<string, 'unreachable' | 'unknown'>;
  /** Whether platforms were asked about those whose homes are quiet. */
  hasAskedPlatforms: boolean;
  /** What was said of an agent by a region that is the home by this region's config, and not by its own. */
  disputed?: Refusal;
  /** Whom the last walk passed over. */
  tally: Tally;
  /** A grant that this attempt has written and no replica has acknowledged yet. */
  unacknowledged?: { agentId: string; fence: number; version: string } | undefined;
}

/** What is left of the caller's budget, in ms. */
export function remainingMs({ region, request, startedMs }: Attempt): number {
  return request.budgetMs - (region.clock.monotonicMs() - startedMs);
}

const WISH_BYTES = 12;

/** Two requests for one call are the same wish only if they ask for the same. */
export function wishOf({ queue, media, skills, agentId }: ClaimRequest): string {
  const wanted = Object.entries(skills).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([queue, media, wanted, agentId ?? null]);
  return createHash('sha256').update(text).digest().subarray(0, WISH_BYTES).toString('base64url');
}
