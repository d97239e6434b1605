import { claimIdOf } from '../agent/claim.ts';
import { domainsOf } from '../config/topology.ts';
import { Refusal } from './refusal.ts';
import { queueNamed, type Region } from './region.ts';

/**
 * The claim that a call was last given in this region, for callers that kept the call's id and lost the claim's.
 * @param queue where the call was claimed; left out, every domain is looked in
 * @throws Refusal `unknown_claim`, `unknown_queue`; ShardUnavailable
 */
export async function claimOfCall(region: Region, callId: string, queue?: string): Promise<string> {
  const domains = queue === undefined ? domainsOf(region.config) : [queueNamed(region, queue).domain];
  const known = await Promise.all(domains.map((domain) => region.queues.claimOf(domain, callId)));
  const given = known.find((each) => each !== undefined);
  if (!given) throw new Refusal('unknown_claim', `no claim of call "${callId}" is known in this region`);
  const { agentId, fence } = given;
  const claim = (await region.agents.get(agentId))?.facets.claim;
  if (claim?.callId === callId) return claimIdOf({ ...claim, agentId });
  if (fence > 0) return claimIdOf({ agentId, fence });
  throw new Refusal('unknown_claim', `whether call "${callId}" was given an agent is not known in this region yet`);
}

/**
 * The agent's claim, if it is this call's: by the time a repeated request arrives the agent may be somebody else's.
 * @throws Refusal `unknown_agent`, `unknown_claim`; ShardUnavailable
 */
export async function claimOfAgent(region: Region, agentId: string, callId: string): Promise<string> {
  const record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `nothing is known of agent "${agentId}" in this region`);
  const { claim } = record.facets;
  if (claim?.callId === callId) return claimIdOf({ ...claim, agentId });
  throw new Refusal('unknown_claim', `agent "${agentId}" has no claim of call "${callId}"`);
}
