import { type Claim, claimsOf } from '../../agent/facets.ts';
import { domainsOf } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import { Refusal } from '../refusal.ts';
import { grantedBy, queueNamed, type Region } from '../region.ts';

/**
 * Returns the id of the latest claim of a call, for callers that have the call id but not the claim id. Only claims that
 * are still in an agent's record are found: the unit of an older claim is known from its claim id alone.
 * @param queue the queue of the claim; if left out, all domains are searched
 * @throws Refusal `unknown_claim`, `unknown_queue`; ShardUnavailable
 */
export async function claimOfCall(region: Region, callId: string, queue?: string): Promise<string> {
  const domains = queue === undefined ? domainsOf(region.config) : [queueNamed(region, queue).domain];
  const known = await Promise.all(domains.map((domain) => region.calls.entryOf(domain, callId)));
  const agentIds = [...new Set(known.flatMap((each) => each?.agentId ?? []))];
  if (agentIds.length === 0)
    throw new Refusal('unknown_claim', `no claim for call "${callId}" is known in this region`);
  // A domain keeps the agent of a call for some time after the claim has ended.
  const found = await Promise.all(agentIds.map(async (each) => latestOf(each, await region.agents.get(each), callId)));
  const [best] = found.flatMap((each) => each ?? []).sort(byHold);
  if (best) return idOf(region, best);
  throw new Refusal(
    'unknown_claim',
    `call "${callId}" has no claim on agent "${agentIds.join('", "')}" in this region's records, now or yet`,
  );
}

/**
 * Returns the id of the agent's claim for this call. The call id is needed because another call may have the agent by the time
 * a repeated request arrives.
 * @throws Refusal `unknown_agent`, `unknown_claim`; ShardUnavailable
 */
export async function claimOfAgent(region: Region, agentId: string, callId: string): Promise<string> {
  const record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `agent "${agentId}" is not known in this region`);
  const found = latestOf(agentId, record, callId);
  if (found) return idOf(region, found);
  throw new Refusal('unknown_claim', `agent "${agentId}" has no claim for call "${callId}"`);
}

interface Found {
  agentId: string;
  record: AgentRecord;
  claim: Claim;
}

/** The agent's claim for the call with the highest fence: the call may have had several units of the agent. */
function latestOf(agentId: string, record: AgentRecord | undefined, callId: string): Found | undefined {
  const claims = claimsOf(record?.facets ?? {}).filter((claim) => claim.callId === callId);
  const [claim] = claims.sort((a, b) => b.fence - a.fence);
  return record && claim && { agentId, record, claim };
}

/** Orders claims that have not ended first, then by descending fence. */
function byHold({ claim: a }: Found, { claim: b }: Found): number {
  return Number(a.state === 'ENDED') - Number(b.state === 'ENDED') || b.fence - a.fence;
}

const idOf = ({ claimIds }: Region, { agentId, record, claim }: Found): string =>
  claimIds.sign({ ...claim, agentId, region: grantedBy(record, claim) });
