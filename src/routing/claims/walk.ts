import type { ClaimReply, PassOver } from '../../store/queues.ts';
import type { Written } from '../../store/written.ts';
import { suspectHomes } from '../region.ts';
import { type Attempt, type ClaimRequest, remainingMs } from './attempt.ts';
import { askPlatforms, onWhoseWord, type Standing, standingOf, type Vouched } from './authority.ts';

/** Time the store gets beyond the caller's budget, in ms: a slow shard is an error of its own. */
const STORE_GRACE_MS = 1000;

/** Looks for an agent; where nobody can be taken, once more with those whom their platform vouches for. */
export async function walk(attempt: Attempt): Promise<Written<ClaimReply>> {
  let reply = await walkOnce(attempt);
  if (isNobody(reply) && (await askPlatforms(attempt))) reply = await walkOnce(attempt);
  const { tally } = reply.evenIfLost();
  for (const [name, count] of Object.entries(tally)) {
    if (name !== 'seen') attempt.region.metrics.passedOver.inc({ reason: name }, count);
  }
  attempt.tally = tally;
  return reply;
}

/** That nobody is there changes nothing in the store, so no replica need know. */
const isNobody = (reply: Written<ClaimReply>): boolean => reply.evenIfLost().verdict === 'none';

/** One walk, or two: agents of homes that have gone quiet are only taken when nobody else is there. */
async function walkOnce(attempt: Attempt): Promise<Written<ClaimReply>> {
  const standing = standingOf(attempt);
  const suspects = suspectHomes(attempt.region, standing.passOver);
  if (suspects.size > 0) {
    const reply = await claimIn(attempt, standing, new Map([...standing.passOver, ...suspects]));
    if (!isNobody(reply)) return reply;
  }
  return claimIn(attempt, standing, standing.passOver);
}

async function claimIn(attempt: Attempt, standing: Standing, passOver: PassOver): Promise<Written<ClaimReply>> {
  const [first, ...others] = await onWhoseWord(attempt.region, standing);
  let reply = await claimWith(attempt, passOver, first);
  for (const vouched of others) {
    if (isNobody(reply)) reply = await claimWith(attempt, passOver, vouched);
  }
  return reply;
}

/** A proposed agent whom the caller does not want is looked at only for a claim that the call has. */
function notWanted({ proposes, agentId }: ClaimRequest): string[] {
  return proposes !== undefined && agentId !== undefined && proposes !== agentId ? [proposes] : [];
}

function claimWith(attempt: Attempt, passOver: PassOver, vouched: Vouched): Promise<Written<ClaimReply>> {
  const { region, request, queue, refused, wish } = attempt;
  const budgetMs = Math.max(1, remainingMs(attempt));
  return region.queues.claim({
    region: region.config.region,
    domain: queue.domain,
    queue: queue.id,
    callId: request.callId,
    wish,
    media: request.media,
    skills: request.skills,
    heldMs: region.config.claims.heldMs,
    holdMs: Math.ceil(budgetMs),
    passOver,
    ...vouched,
    refused: [...refused, ...notWanted(request)],
    agentId: request.proposes ?? request.agentId,
    explain: request.explain,
    deadlineMs: budgetMs + STORE_GRACE_MS,
  });
}
