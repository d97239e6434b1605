import type { Media, RequiredSkills } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import type { AgentAnswer, FindAnswer } from '../../contract/agents.ts';
import type { Found, PassOver } from '../../store/queues.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAgentAnswer,
  buildAndRecordAgentAnswer,
  explain,
  type Queue,
  queueNamed,
  type Region,
  retryDuringFailover,
  staleHomes,
  suspectHomes,
} from '../region.ts';

interface FindRequest {
  queue: string;
  /** Media type of the interaction. */
  media: Media;
  skills: RequiredSkills;
  limit: number;
  /** Time for platform queries and failover retries, in ms. */
  budgetMs: number;
  explain: boolean;
}

/** Agents in one platform query: those at the front of the queue. */
const READ_AHEAD = 50;

/** Finds the best agents of a queue, in order, without claiming them. @throws Refusal, ShardUnavailable */
export function find(region: Region, request: FindRequest): Promise<FindAnswer> {
  const queue = queueNamed(region, request.queue);
  return retryDuringFailover(region.clock, request.budgetMs, () => lookUp(region, request, queue));
}

async function lookUp(region: Region, request: FindRequest, queue: Queue): Promise<FindAnswer> {
  const unusable = staleHomes(region);
  const suspects = suspectHomes(region, unusable);
  const look = (passOver: PassOver, limit = request.limit): Promise<Found> =>
    region.queues.find({
      domain: queue.domain,
      queue: queue.id,
      media: request.media,
      skills: request.skills,
      limit,
      explain: request.explain,
      passOver,
      vouched: region.freshness.confirmedAgents(),
    });
  const found = await look(new Map([...unusable, ...suspects]));
  const isShort = (): boolean => found.agents.length < request.limit;
  // Agents of suspect homes come after all others.
  if (isShort() && suspects.size > 0) append(found, await look(unusable), request.limit);
  if (isShort() && unusable.size > 0) {
    const { agents } = await look(new Map(), READ_AHEAD);
    if (await vouchFor(region, agents, request.budgetMs)) append(found, await look(unusable), request.limit);
  }
  return {
    queue: queue.id,
    agents: found.agents.map(({ agentId, record }) => buildAndRecordAgentAnswer(region, agentId, record)),
    passed_over: found.tally,
    ...(found.isIncomplete && { incomplete: true as const }),
    ...(request.explain && { explanation: explain(found.considered, region.config.ranking) }),
  };
}

/** Appends the agents of a further scan, without duplicates, up to the limit. Counts are those of the further scan. */
function append(found: Found, more: Found, limit: number): void {
  const known = new Set(found.agents.map(({ agentId }) => agentId));
  const others = more.agents.filter(({ agentId }) => !known.has(agentId));
  found.agents.push(...others.slice(0, limit - known.size));
  found.tally = more.tally;
  found.considered = more.considered;
  if (more.isIncomplete) found.isIncomplete = true;
}

/** Queries the platforms of the stale agents. @returns whether at least one of them is platform-verified now */
async function vouchFor(region: Region, agents: Found['agents'], budgetMs: number): Promise<boolean> {
  const ids = agents.flatMap(({ agentId, record }) =>
    buildAgentAnswer(region, agentId, record).stale && region.readThrough.canAsk(agentId) ? [agentId] : [],
  );
  if (ids.length === 0) return false;
  await region.readThrough.ask(ids, budgetMs);
  return ids.some((id) => region.freshness.confirmedMsAgo(id) !== undefined);
}

/**
 * Gets an agent as this region knows it. If the agent is stale, its platform is queried within the budget, in ms.
 * @throws Refusal `unknown_agent`, ShardUnavailable
 */
export async function getAgent(region: Region, agentId: string, budgetMs: number): Promise<AgentAnswer> {
  let record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `agent "${agentId}" is not known in this region`);
  if (isForgotten(record.facets)) throw new Refusal('unknown_agent', `agent "${agentId}" has been forgotten`);
  if (buildAgentAnswer(region, agentId, record).stale && region.readThrough.canAsk(agentId)) {
    await region.readThrough.ask([agentId], budgetMs);
    record = (await region.agents.get(agentId)) ?? record;
  }
  return buildAndRecordAgentAnswer(region, agentId, record);
}
