import type { Media, RequiredSkills } from '../../agent/facets.ts';
import { isForgotten } from '../../agent/merge.ts';
import type { AgentAnswer, FindAnswer } from '../../contract/agents.ts';
import type { Found, PassOver } from '../../store/queues.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAgentAnswer,
  buildAndRecordAgentAnswer,
  explain,
  homesBefore,
  inAnswer,
  isBefore,
  oldestDataMs,
  type Queue,
  queueNamed,
  type Region,
  recordAgentAnswer,
  retryDuringFailover,
  staleHomes,
  suspectHomes,
  wordAgeOf,
} from '../region.ts';

interface FindRequest {
  queue: string;
  /** Media type of the interaction. */
  media: Media;
  skills: RequiredSkills;
  limit: number;
  /** Time for platform queries and failover retries, in ms. */
  budgetMs: number;
  /** How old the last word about an agent may be when the request arrives, in ms, if the caller has a limit of its own. */
  maxAgeMs?: number | undefined;
  explain: boolean;
}

/** A caller's own limit, and when its request arrived, in monotonic ms: from then on it counts. */
interface AgeLimit {
  maxAgeMs: number;
  sinceMs: number;
}

/** Agents in one platform query: those at the front of the queue. */
const READ_AHEAD = 50;

/**
 * Finds the best agents of a queue, in order, without claiming them. Agents whose last word is older than the limits allow are
 * passed over, unless their platform confirms them within the budget.
 * @throws Refusal, ShardUnavailable
 */
export function find(region: Region, request: FindRequest): Promise<FindAnswer> {
  const queue = queueNamed(region, request.queue);
  const { maxAgeMs } = request;
  const limit = maxAgeMs === undefined ? undefined : { maxAgeMs, sinceMs: region.clock.monotonicMs() };
  return retryDuringFailover(region.clock, request.budgetMs, () => lookUp(region, request, queue, limit));
}

async function lookUp(region: Region, request: FindRequest, queue: Queue, ageLimit?: AgeLimit): Promise<FindAnswer> {
  const notBeforeMs = ageLimit && ageLimit.sinceMs - ageLimit.maxAgeMs;
  const stale = staleHomes(region);
  const unusable =
    notBeforeMs === undefined ? stale : withOthers(stale, homesBefore(region, queue.domain, notBeforeMs));
  const suspects = suspectHomes(region, unusable);
  const young: string[] = [];
  const look = (passOver: PassOver, limit = request.limit): Promise<Found> =>
    region.queues.find({
      domain: queue.domain,
      queue: queue.id,
      media: request.media,
      skills: request.skills,
      limit,
      explain: request.explain,
      passOver,
      vouched: [...confirmedSince(region, notBeforeMs), ...young],
    });
  const found = await look(withOthers(unusable, suspects));
  const isShort = (): boolean => found.agents.length < request.limit;
  // Agents of suspect homes come after all others.
  if (isShort() && suspects.size > 0) append(found, await look(unusable), request.limit);
  if (isShort() && unusable.size > 0) {
    const { agents } = await look(new Map(), READ_AHEAD);
    if (notBeforeMs !== undefined) young.push(...ofYoungParts(region, agents, stale, notBeforeMs));
    const isVouched = await vouchFor(region, agents, request.budgetMs, notBeforeMs);
    if (isVouched || young.length > 0) append(found, await look(unusable), request.limit);
  }
  if (notBeforeMs !== undefined) leaveOutOld(region, found, notBeforeMs);
  return answerWith(region, request, queue, found, ageLimit);
}

function answerWith(
  region: Region,
  request: FindRequest,
  { id: queue, domain }: Queue,
  found: Found,
  ageLimit: AgeLimit | undefined,
): FindAnswer {
  const agents = found.agents.map(({ agentId, record }) => buildAgentAnswer(region, agentId, record));
  const ageMs = agents.length > 0 ? oldestOf(agents) : oldestDataMs(region, domain);
  const told = { toldMs: ageMs, ...(ageLimit && { limit: ageLimit }) };
  for (const [i, { record }] of found.agents.entries()) {
    const answer = agents[i];
    if (answer) recordAgentAnswer(region, answer, record, told);
  }
  return {
    queue,
    agents,
    age_ms: ageMs,
    passed_over: found.tally,
    ...(found.isIncomplete && { incomplete: true as const }),
    ...(request.explain && { explanation: explain(region, found.considered, request.maxAgeMs) }),
  };
}

/** Age in ms of the oldest last word about the agents; null if there is none about one of them. */
function oldestOf(agents: AgentAnswer[]): number | null {
  const ages = agents.map((agent) => wordAgeOf(agent) ?? Number.POSITIVE_INFINITY);
  return inAnswer(Math.max(...ages));
}

const withOthers = (homes: PassOver, others: PassOver): PassOver => new Map([...homes, ...others]);

/** Platform-verified agents; only those confirmed since `notBeforeMs` if the caller has a limit. */
function confirmedSince({ freshness, clock }: Region, notBeforeMs: number | undefined): string[] {
  const agents = freshness.confirmedAgents();
  if (notBeforeMs === undefined) return agents;
  const nowMs = clock.monotonicMs();
  return agents.filter((id) => nowMs - (freshness.confirmedMsAgo(id) ?? Number.POSITIVE_INFINITY) >= notBeforeMs);
}

/** The agents whose own partition is young enough for the caller, though others of their home are not. */
function ofYoungParts(region: Region, agents: Found['agents'], stale: PassOver, notBeforeMs: number): string[] {
  return agents.flatMap(({ agentId, record: { home } }) =>
    !stale.has(home) && !isBefore(region, home, agentId, notBeforeMs) ? [agentId] : [],
  );
}

/** Leaves out agents whose last word is too old for the caller after all, e.g. because a confirmation was withdrawn meanwhile. */
function leaveOutOld(region: Region, found: Found, notBeforeMs: number): void {
  const young = found.agents.filter(({ agentId, record }) => !isBefore(region, record.home, agentId, notBeforeMs));
  const old = found.agents.length - young.length;
  if (old > 0) found.tally.stale = (found.tally.stale ?? 0) + old;
  found.agents = young;
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

/**
 * Queries the platforms of the agents that are stale, or too old for the caller.
 * @returns whether at least one of them is platform-verified now
 */
async function vouchFor(
  region: Region,
  agents: Found['agents'],
  budgetMs: number,
  notBeforeMs = Number.NEGATIVE_INFINITY,
): Promise<boolean> {
  const ids = agents.flatMap(({ agentId, record }) => {
    const isOld = isBefore(region, record.home, agentId, notBeforeMs);
    const isWanted = isOld || buildAgentAnswer(region, agentId, record).stale;
    return isWanted && region.readThrough.canAsk(agentId) ? [agentId] : [];
  });
  if (ids.length === 0) return false;
  await region.readThrough.ask(ids, budgetMs, notBeforeMs);
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
