import type { ClaimReply } from '../cache/queues.ts';
import type { AgentRecord } from '../cache/record.ts';
import { explain } from './answers.ts';
import type { Attempt, ClaimRequest, Granted } from './attempt.ts';
import { askHome, grantedHere } from './grant.ts';
import { whileTimeLasts } from './patience.ts';
import { Refusal } from './refusal.ts';
import { answerFor, queueNamed, type Region } from './region.ts';
import { walk } from './walk.ts';

/** Rounds of asking homes that refuse, before the caller is told that nobody is there. */
const MAX_ROUNDS = 8;

/**
 * Hands the best agent to a call: one round trip to the store where the agent is at home here, else its home decides.
 * The same call gets the same claim again while it lives.
 * @throws Refusal, ShardUnavailable
 */
export async function claim(region: Region, request: ClaimRequest): Promise<Granted> {
  const queue = queueNamed(region, request.queue);
  const { history, clock, metrics } = region;
  history.claimInvoked({ call: request.callId, queue: queue.id });
  const startedMs = clock.monotonicMs();
  const attempt: Attempt = {
    region,
    request,
    queue,
    startedMs,
    refused: [],
    unanswered: new Map(),
    hasAskedPlatforms: false,
    tally: { seen: 0 },
  };
  // The region that asks on its caller's behalf counts the claim; counted here too it would be two.
  const count = (outcome: string): void => {
    if (!request.askedBy) metrics.claims.inc({ outcome });
  };
  try {
    const granted = await whileTimeLasts(clock, request.budgetMs, () => pursue(attempt));
    const where = granted.claim.authority.region === region.config.region ? 'local' : 'remote';
    if (!request.askedBy) metrics.claimMs.observe({ where }, clock.monotonicMs() - startedMs);
    count(granted.again ? 'again' : 'granted');
    return granted;
  } catch (error) {
    const isNone = error instanceof Refusal && error.code === 'no_agent_available';
    count(isNone ? 'none' : error instanceof Refusal ? 'refused' : 'unavailable');
    const reason = error instanceof Refusal ? error.code : 'unavailable';
    history.claimRefused({ call: request.callId, queue: queue.id, reason });
    throw error;
  }
}

async function pursue(attempt: Attempt): Promise<Granted> {
  let reply: ClaimReply | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const startedMs = attempt.region.clock.monotonicMs();
    reply = await walk(attempt);
    if (reply.verdict === 'none') break;
    const record = attempt.region.agents.remember(reply.agentId, reply.line) as AgentRecord;
    if (reply.verdict !== 'ask') return grantedHere(attempt, reply, record, startedMs);
    const granted = await askHome(attempt, reply.agentId, record, startedMs);
    if (granted) return granted;
  }
  throw await nobody(attempt, reply);
}

async function nobody({ region, request, queue, tally }: Attempt, reply: ClaimReply | undefined): Promise<Refusal> {
  const explanation = request.explain && reply ? explain(reply.considered, region.config.ranking) : undefined;
  // A region that asked for an agent who is in no line learns why from the record, which the walk did not come to.
  const record = request.agentId === undefined ? undefined : await region.agents.get(request.agentId);
  const agent = request.agentId && record ? answerFor(region, request.agentId, record) : undefined;
  return new Refusal('no_agent_available', `nobody in queue "${queue.id}" can take the call now`, {
    passedOver: tally,
    explanation,
    agent,
  });
}
