import { claimsOf } from '../agent/facets.ts';
import type { AgentRecord } from '../cache/record.ts';
import { domainsOf } from '../config/topology.ts';
import { grantedBy } from './answers.ts';
import { Refusal } from './refusal.ts';
import { queueNamed, type Region } from './region.ts';

/**
 * The claim that a call was last given in this region, for callers that kept the call's id and lost the claim's. Only
 * what is on record counts: which unit of the agent a forgotten claim was on, the claim's own id alone can say.
 * @param queue where the call was claimed; left out, every domain is looked in
 * @throws Refusal `unknown_claim`, `unknown_queue`; ShardUnavailable
 */
export async function claimOfCall(region: Region, callId: string, queue?: string): Promise<string> {
  const domains = queue === undefined ? domainsOf(region.config) : [queueNamed(region, queue).domain];
  const known = await Promise.all(domains.map((domain) => region.queues.agentOf(domain, callId)));
  const agentId = known.find((each) => each !== undefined);
  if (agentId === undefined) throw new Refusal('unknown_claim', `no claim of call "${callId}" is known in this region`);
  const id = idFor(region, agentId, await region.agents.get(agentId), callId);
  if (id !== undefined) return id;
  throw new Refusal('unknown_claim', `call "${callId}" has agent "${agentId}" no more, or not yet, in this region`);
}

/**
 * The agent's claim for this call: by the time a repeated request arrives the agent may be another call's.
 * @throws Refusal `unknown_agent`, `unknown_claim`; ShardUnavailable
 */
export async function claimOfAgent(region: Region, agentId: string, callId: string): Promise<string> {
  const record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `nothing is known of agent "${agentId}" in this region`);
  const id = idFor(region, agentId, record, callId);
  if (id !== undefined) return id;
  throw new Refusal('unknown_claim', `agent "${agentId}" has no claim of call "${callId}"`);
}

/** Of the latest claim, where a call has had several units of the agent. */
function idFor(
  { claimIds }: Region,
  agentId: string,
  record: AgentRecord | undefined,
  callId: string,
): string | undefined {
  const claims = claimsOf(record?.facets ?? {}).filter((claim) => claim.callId === callId);
  const [latest] = claims.sort((a, b) => b.fence - a.fence);
  return record && latest && claimIds.sign({ ...latest, agentId, region: grantedBy(record, latest) });
}
