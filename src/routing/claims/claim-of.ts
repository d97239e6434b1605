import { type Claim, claimsOf } from '../../agent/facets.ts';
import { domainsOf } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import { Refusal } from '../refusal.ts';
import { grantedBy, queueNamed, type Region } from '../region.ts';

/**
 * The claim that a call was last given in this region, for callers that kept the call's id and lost the claim's. Only
 * what is on record counts: which unit of the agent a forgotten claim was on, the claim's own id alone can say.
 * @param queue where the call was claimed; left out, every domain is looked in
 * @throws Refusal `unknown_claim`, `unknown_queue`; ShardUnavailable
 */
export async function claimOfCall(region: Region, callId: string, queue?: string): Promise<string> {
  const domains = queue === undefined ? domainsOf(region.config) : [queueNamed(region, queue).domain];
  const known = await Promise.all(domains.map((domain) => region.calls.entryOf(domain, callId)));
  const agentIds = [...new Set(known.flatMap((each) => each?.agentId ?? []))];
  if (agentIds.length === 0) throw new Refusal('unknown_claim', `no claim of call "${callId}" is known in this region`);
  // Each domain remembers whom it gave the call, for a while after that claim is over, too.
  const found = await Promise.all(agentIds.map(async (each) => latestOf(each, await region.agents.get(each), callId)));
  const [best] = found.flatMap((each) => each ?? []).sort(byHold);
  if (best) return idOf(region, best);
  throw new Refusal(
    'unknown_claim',
    `call "${callId}" has agent "${agentIds.join('", "')}" no more, or not yet, in this region`,
  );
}

/**
 * The agent's claim for this call: by the time a repeated request arrives the agent may be another call's.
 * @throws Refusal `unknown_agent`, `unknown_claim`; ShardUnavailable
 */
export async function claimOfAgent(region: Region, agentId: string, callId: string): Promise<string> {
  const record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `nothing is known of agent "${agentId}" in this region`);
  const found = latestOf(agentId, record, callId);
  if (found) return idOf(region, found);
  throw new Refusal('unknown_claim', `agent "${agentId}" has no claim of call "${callId}"`);
}

interface Found {
  agentId: string;
  record: AgentRecord;
  claim: Claim;
}

/** The latest claim of the call, where it has had several units of the agent. */
function latestOf(agentId: string, record: AgentRecord | undefined, callId: string): Found | undefined {
  const claims = claimsOf(record?.facets ?? {}).filter((claim) => claim.callId === callId);
  const [claim] = claims.sort((a, b) => b.fence - a.fence);
  return record && claim && { agentId, record, claim };
}

/** One that is not over comes first, then the latest. */
function byHold({ claim: a }: Found, { claim: b }: Found): number {
  return Number(a.state === 'ENDED') - Number(b.state === 'ENDED') || b.fence - a.fence;
}

const idOf = ({ claimIds }: Region, { agentId, record, claim }: Found): string =>
  claimIds.sign({ ...claim, agentId, region: grantedBy(record, claim) });
