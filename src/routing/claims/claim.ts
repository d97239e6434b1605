import { claimsOf, isRunning } from '../../agent/facets.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply } from '../../store/queues.ts';
import { isTellable, mayBeLost, NotReplicated } from '../../store/written.ts';
import { whileTimeLasts } from '../patience.ts';
import { Refusal } from '../refusal.ts';
import { answerFor, explain, queueNamed, type Region } from '../region.ts';
import { type Attempt, type ClaimRequest, type Granted, wishOf } from './attempt.ts';
import { claimAtHome, giveBack, grantedHere } from './grant.ts';
import { askAgain, callHasClaim } from './retry.ts';
import { tellLapse } from './tell-lapse.ts';
import { walk } from './walk.ts';

/** Rounds of asking homes that refuse, before the caller is told that nobody is there. */
const MAX_ROUNDS = 8;
/** The soonest that asking again may find somebody, where nobody is free, in ms. */
const NOBODY_FREE_MS = 2000;

/**
 * Hands the best agent to a call: one round trip to the store where the agent is at home here, else its home decides.
 * The same call with the same wish gets the same claim again while it lives.
 * @throws Refusal, ShardUnavailable; NotReplicated where no replica has acknowledged it in time, and that is refused
 */
export async function claim(region: Region, request: ClaimRequest): Promise<Granted> {
  const queue = queueNamed(region, request.queue);
  const { history, clock, metrics } = region;
  history?.claimInvoked({ call: request.callId, queue: queue.id });
  const startedMs = clock.monotonicMs();
  const attempt: Attempt = {
    region,
    request,
    queue,
    wish: wishOf(request),
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
    const grant = granted.claim.authority.region === region.config.region ? 'local' : 'remote';
    if (!request.askedBy) metrics.claimDuration.observe({ grant }, (clock.monotonicMs() - startedMs) / 1000);
    count(granted.again ? 'again' : 'granted');
    return granted;
  } catch (error) {
    if (error instanceof NotReplicated) await giveBack(attempt);
    count(outcomeOf(error));
    const reason = error instanceof Refusal ? error.code : 'unavailable';
    history?.claimRefused({ call: request.callId, queue: queue.id, reason });
    throw error;
  }
}

function outcomeOf(error: unknown): string {
  if (!(error instanceof Refusal)) return 'unavailable';
  return error.code === 'no_agent_available' ? 'none' : 'refused';
}

async function pursue(attempt: Attempt): Promise<Granted> {
  const { region } = attempt;
  let reply: ClaimReply | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const startedMs = region.clock.monotonicMs();
    const written = await walk(attempt);
    // What the script says of who is there needs no replica; what it grants is looked at again in `grantedHere`.
    reply = written.evenIfLost();
    const { record } = reply;
    if (reply.verdict === 'none' || !record) break;
    if (reply.lapsed) tellLapse(region, reply.agentId, record, reply.lapsed, mayBeLost(written));
    if (reply.verdict === 'granted' || reply.verdict === 'again') {
      return grantedHere(attempt, written, record, startedMs);
    }
    if (reply.verdict === 'other') throw callHasClaim(region, reply, record);
    const granted =
      reply.verdict === 'ask'
        ? await claimAtHome(attempt, reply.agentId, record, startedMs)
        : await askAgain(attempt, reply, record, startedMs);
    if (granted) return granted;
  }
  throw await nobody(attempt, reply);
}

async function nobody(attempt: Attempt, reply: ClaimReply | undefined): Promise<Refusal> {
  const { region, request, queue, tally } = attempt;
  // Of the one agent who would do nothing else is worth telling.
  if (request.agentId !== undefined && attempt.disputed) return attempt.disputed;
  const explanation = request.explain && reply ? explain(reply.considered, region.config.ranking) : undefined;
  const agentId = request.proposes ?? request.agentId;
  // A region that asked for an agent who is in no line learns why from the record, which the walk did not come to.
  const record = agentId === undefined ? undefined : await region.agents.get(agentId);
  if (request.askedBy !== undefined && record && record.home !== region.config.region) {
    return notHome(region, agentId ?? '', record.home);
  }
  const agent = agentId !== undefined && record ? answerFor(region, agentId, record) : undefined;
  const isTold = !record || request.askedBy === undefined || (await isCertain(region, agentId ?? '', record));
  // Of a call that another region asks for the turn is that region's to give.
  const isWaiting = request.askedBy === undefined;
  return new Refusal('no_agent_available', `nobody in queue "${queue.id}" can take the call now`, {
    passedOver: tally,
    explanation,
    ...(isWaiting && { retryAfterMs: region.turns.after(request.callId, NOBODY_FREE_MS) }),
    ...(isTold && { agent }),
  });
}

/**
 * Whether another region may take over what this one knows of an agent. A claim that only a master has a failover takes
 * here, and nobody would take it back there.
 */
async function isCertain({ agents, config }: Region, agentId: string, record: AgentRecord): Promise<boolean> {
  const { replication } = config.claims;
  if (replication === 'grant' || !claimsOf(record.facets).some(isRunning)) return true;
  const affirmed = await agents.affirm(agentId, record, 'claims');
  return affirmed.kind === 'settled' && isTellable(affirmed.written, replication);
}

/** For another region that takes this one for an agent's home. It never asks on: a request between regions makes one hop. */
export function notHome({ config }: Region, agentId: string, home: string): Refusal {
  const detail = `${config.region} is not the home of agent "${agentId}"; by what it knows, ${home || 'nobody'} is`;
  return new Refusal('not_home', detail, { home });
}
