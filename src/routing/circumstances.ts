import { type Circumstances, type ClaimTimes, UNSEEN_MS, type WrapUp } from '../agent/claim.ts';
import { completionTime, type Telling } from '../agent/due.ts';
import type { Claim } from '../agent/facets.ts';
import type { AgentRecord } from '../cache/record.ts';
import { connectionOf, findQueue } from '../config/topology.ts';
import type { Region } from './region.ts';

/** What the meaning of a settlement depends on besides the claim: the config, and what the platform has told. */
export function circumstancesOf(
  region: Pick<Region, 'config'>,
  agentId: string,
  { facets }: AgentRecord,
  claim: Claim,
  isPlatform: boolean,
): Circumstances {
  const telling = tellingOf(region, agentId);
  return {
    times: timesFor(region, telling),
    wrapUp: wrapUpOf(region, claim.queue),
    completedAt: completionTime(facets, claim, telling),
    isPlatform,
  };
}

/** What the agent's platform tells of interactions, if there is one that is read. */
export function tellingOf({ config }: Pick<Region, 'config'>, agentId: string): Telling {
  const connection = connectionOf(config, agentId);
  if (!connection || connection.platform === 'events') return { tells: false, claimsBy: 'call' };
  return { tells: true, claimsBy: connection.claimsBy };
}

/** Where a platform tells of interactions, a confirmation need not hold the agent for as long as a call may last. */
export function timesFor({ config }: Pick<Region, 'config'>, { tells }: Telling): ClaimTimes {
  const { heldMs, confirmedMs } = config.claims;
  return { heldMs, confirmedMs: tells ? Math.min(confirmedMs, UNSEEN_MS) : confirmedMs };
}

function wrapUpOf({ config }: Pick<Region, 'config'>, queue: string): WrapUp {
  return findQueue(config, queue)?.wrapUp ?? { rule: 'none', seconds: 0 };
}
