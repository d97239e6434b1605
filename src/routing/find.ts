import type { RequiredSkills } from '../agent/ranking.ts';
import type { Found, PassOver, Tally } from '../cache/queues.ts';
import { type AgentAnswer, type Explanation, explain } from './answers.ts';
import { Refusal } from './refusal.ts';
import { answerFor, queueNamed, type Region, staleHomes, suspectHomes } from './region.ts';

export interface FindRequest {
  queue: string;
  skills: RequiredSkills;
  limit: number;
  explain: boolean;
}

export interface FindAnswer {
  queue: string;
  agents: AgentAnswer[];
  passed_over: Tally;
  explanation?: Explanation[];
}

/** Looks up the best agents of a queue, in order; changes nothing. @throws Refusal, ShardUnavailable */
export async function find(region: Region, request: FindRequest): Promise<FindAnswer> {
  const queue = queueNamed(region, request.queue);
  const unusable = staleHomes(region);
  const suspects = suspectHomes(region, unusable);
  const look = (passOver: PassOver): Promise<Found> =>
    region.queues.find({
      domain: queue.domain,
      queue: queue.id,
      skills: request.skills,
      limit: request.limit,
      explain: request.explain,
      passOver,
    });
  const found = await look(new Map([...unusable, ...suspects]));
  if (suspects.size > 0 && found.agents.length < request.limit) {
    // Not enough without them: agents of homes that have gone quiet follow behind all others.
    const all = await look(unusable);
    const known = new Set(found.agents.map(({ agentId }) => agentId));
    found.agents.push(...all.agents.filter(({ agentId }) => !known.has(agentId)).slice(0, request.limit - known.size));
    found.tally = all.tally;
  }
  return {
    queue: queue.id,
    agents: found.agents.map(({ agentId, line }) => answerFor(region, agentId, line)),
    passed_over: found.tally,
    ...(request.explain && { explanation: explain(found.considered, region.config.ranking) }),
  };
}

/** @throws Refusal `unknown_agent`, ShardUnavailable */
export async function getAgent(region: Region, agentId: string): Promise<AgentAnswer> {
  const record = await region.agents.get(agentId);
  if (!record) throw new Refusal('unknown_agent', `nothing has been heard of agent "${agentId}" in this region`);
  return answerFor(region, agentId, record);
}
