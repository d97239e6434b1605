import { type Circumstances, completionTime, UNSEEN_MS, type WrapUp } from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import type { Telling } from '../../agent/pairing.ts';
import { connectionOf, findQueue } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/record/record.ts';
import type { Region } from '../region.ts';

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
    times: { heldMs: region.config.claims.heldMs, confirmedMs: telling.confirmedMs },
    wrapUp: wrapUpOf(region, claim.queue),
    completedAt: completionTime(facets, claim, telling),
    isPlatform,
  };
}

/**
 * What the agent's platform tells of interactions, if there is one that is read. Then a confirmation need not hold the
 * agent for as long as a call may last.
 */
export function tellingOf({ config }: Pick<Region, 'config'>, agentId: string): Telling {
  const connection = connectionOf(config, agentId);
  const { confirmedMs } = config.claims;
  if (!connection || connection.platform === 'events') return { tells: false, claimsBy: 'call', confirmedMs };
  return { tells: true, claimsBy: connection.claimsBy, confirmedMs: Math.min(confirmedMs, UNSEEN_MS) };
}

function wrapUpOf({ config }: Pick<Region, 'config'>, queue: string): WrapUp {
  return findQueue(config, queue)?.wrapUp ?? { rule: 'none', seconds: 0 };
}
