import type { ClaimReply, Obstacle, PassOver } from '../cache/queues.ts';
import { type Attempt, remainingMs } from './attempt.ts';
import { staleHomes, suspectHomes } from './region.ts';

/** Time the store gets beyond the caller's budget, in ms: a slow shard is an error of its own. */
const STORE_GRACE_MS = 1000;

/** One walk, or two: agents of homes that have gone quiet are only taken when nobody else is there. */
export async function walk(attempt: Attempt): Promise<ClaimReply> {
  const unusable = unusableHomes(attempt);
  const suspects = suspectHomes(attempt.region, unusable);
  if (suspects.size > 0) {
    const reply = await claimIn(attempt, new Map([...unusable, ...suspects]));
    if (reply.verdict !== 'none') return reply;
  }
  const reply = await claimIn(attempt, unusable);
  for (const [name, count] of Object.entries(reply.tally)) {
    if (name !== 'seen') attempt.region.metrics.passedOver.inc({ reason: name }, count);
  }
  attempt.tally = reply.tally;
  return reply;
}

function claimIn(attempt: Attempt, passOver: PassOver): Promise<ClaimReply> {
  const { region, request, queue, refused } = attempt;
  const budgetMs = Math.max(1, remainingMs(attempt));
  return region.queues.claim({
    region: region.config.region,
    domain: queue.domain,
    queue: queue.id,
    callId: request.callId,
    skills: request.skills,
    heldMs: region.config.claims.heldMs,
    holdMs: Math.ceil(budgetMs),
    passOver,
    refused,
    agentId: request.agentId,
    explain: request.explain,
    deadlineMs: budgetMs + STORE_GRACE_MS,
  });
}

/** Homes that are stale, cannot answer within what is left of the budget, or do not answer at all. */
function unusableHomes(attempt: Attempt): PassOver {
  const { region, request, unreachable } = attempt;
  const passOver = staleHomes(region);
  const budgetMs = remainingMs(attempt);
  for (const name of region.peers.names()) {
    const rttMs = region.peers.rttMs(name);
    let why: Extract<Obstacle, 'budget' | 'unreachable'> | undefined;
    if (request.askedBy || unreachable.has(name) || !region.peers.isReachable(name)) why = 'unreachable';
    else if (rttMs === undefined || rttMs > budgetMs) why = 'budget';
    if (why && !passOver.has(name)) passOver.set(name, why);
  }
  return passOver;
}
