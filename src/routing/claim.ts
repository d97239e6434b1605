import type { Facets } from '../agent/facets.ts';
import type { RequiredSkills } from '../agent/ranking.ts';
import type { ClaimReply, Obstacle, PassOver, Tally } from '../cache/queues.ts';
import type { AgentRecord } from '../cache/record.ts';
import type { Queue } from '../config/topology.ts';
import { answerClaim, type ClaimAnswer, explain, facetsOf } from './answers.ts';
import { publishClaim } from './publish.ts';
import { Refusal } from './refusal.ts';
import { answerFor, queueNamed, type Region, staleHomes } from './region.ts';

export interface ClaimRequest {
  queue: string;
  callId: string;
  skills: RequiredSkills;
  budgetMs: number;
  /** Only this agent will do. */
  agentId?: string;
  explain: boolean;
  /** The region that asks on its caller's behalf; then only agents homed here count, and nobody else is asked. */
  askedBy?: string;
}

export interface Granted {
  claim: ClaimAnswer;
  /** The call had this claim already. */
  again: boolean;
}

/** Rounds of asking homes that refuse, before the caller is told that nobody is there. */
const MAX_ROUNDS = 8;
/** Time the store gets beyond the caller's budget, in ms: a slow shard is an error of its own. */
const STORE_GRACE_MS = 1000;

interface Attempt {
  region: Region;
  request: ClaimRequest;
  queue: Queue;
  /** Monotonic ms. */
  startedMs: number;
  refused: string[];
  /** Homes this attempt has found not to answer. */
  unreachable: Set<string>;
  tally: Tally;
}

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
    unreachable: new Set(),
    tally: { seen: 0 },
  };
  try {
    const granted = await pursue(attempt);
    const where = granted.claim.authority.region === region.config.region ? 'local' : 'remote';
    metrics.claimMs.observe({ where }, clock.monotonicMs() - startedMs);
    metrics.claims.inc({ outcome: granted.again ? 'again' : 'granted' });
    return granted;
  } catch (error) {
    const isNone = error instanceof Refusal && error.code === 'no_agent_available';
    metrics.claims.inc({ outcome: isNone ? 'none' : error instanceof Refusal ? 'refused' : 'unavailable' });
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

/** One walk, or two: agents of homes that have gone quiet are only taken when nobody else is there. */
async function walk(attempt: Attempt): Promise<ClaimReply> {
  const unusable = unusableHomes(attempt);
  const suspects = suspectHomes(attempt, unusable);
  if (suspects.size > 0) {
    const reply = await claimIn(attempt, new Map([...unusable, ...suspects]));
    if (reply.verdict !== 'none') return reply;
  }
  const reply = await claimIn(attempt, unusable);
  for (const [name, count] of Object.entries(reply.tally)) {
    if (name !== 'seen') attempt.region.metrics.passedOver.inc({ reason: name }, count);
  }
  attempt.tally = reply.tally;
  return reply;
}

function claimIn({ region, request, queue, refused, startedMs }: Attempt, passOver: PassOver): Promise<ClaimReply> {
  const remainingMs = Math.max(1, request.budgetMs - (region.clock.monotonicMs() - startedMs));
  return region.queues.claim({
    region: region.config.region,
    domain: queue.domain,
    queue: queue.id,
    callId: request.callId,
    skills: request.skills,
    heldMs: region.config.claims.heldMs,
    holdMs: Math.ceil(remainingMs),
    passOver,
    refused,
    agentId: request.agentId,
    explain: request.explain,
    deadlineMs: remainingMs + STORE_GRACE_MS,
  });
}

/** Homes that are stale, cannot answer within what is left of the budget, or do not answer at all. */
function unusableHomes({ region, request, startedMs, unreachable }: Attempt): PassOver {
  const passOver = staleHomes(region);
  const remainingMs = request.budgetMs - (region.clock.monotonicMs() - startedMs);
  for (const name of region.peers.names()) {
    const rttMs = region.peers.rttMs(name);
    let why: Extract<Obstacle, 'budget' | 'unreachable'> | undefined;
    if (request.askedBy || unreachable.has(name) || !region.peers.isReachable(name)) why = 'unreachable';
    else if (rttMs === undefined || rttMs > remainingMs) why = 'budget';
    if (why && !passOver.has(name)) passOver.set(name, why);
  }
  return passOver;
}

function suspectHomes({ region }: Attempt, unusable: PassOver): PassOver {
  const suspects: PassOver = new Map();
  for (const name of region.peers.names()) {
    if (!unusable.has(name) && region.freshness.region(name).state === 'suspect') suspects.set(name, 'stale');
  }
  return suspects;
}

async function grantedHere(
  attempt: Attempt,
  reply: ClaimReply,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted> {
  const { region, request, queue } = attempt;
  const held = record.facets.claim;
  if (!held) throw new Error(`the store granted ${reply.agentId} without a claim`);
  const { replicated, clockMs } = reply;
  const agent = answerFor(region, reply.agentId, record);
  const answer = answerClaim(held, agent, clockMs, replicated);
  publishClaim(region, reply.agentId, record);
  region.history.claimGranted({
    call: request.callId,
    queue: queue.id,
    agent: reply.agentId,
    fence: held.fence,
    untilMs: held.untilMs,
    heldMs: held.untilMs - clockMs - (region.clock.monotonicMs() - startedMs),
    home: record.home,
    replicated,
    startedMs,
  });
  if (!replicated && region.config.claims.replication === 'refuse' && record.home === region.config.region) {
    throw new Refusal('not_replicated', 'no replica acknowledged the claim; it lapses by itself', { agent });
  }
  if (request.explain) Object.assign(answer, { explanation: explain(reply.considered, region.config.ranking) });
  return { claim: answer, again: reply.verdict === 'again' };
}

/** Asks the agent's home. Undefined: not this one, go on with the next. */
async function askHome(
  attempt: Attempt,
  agentId: string,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted | undefined> {
  const { region, request, queue } = attempt;
  const budgetMs = request.budgetMs - (region.clock.monotonicMs() - attempt.startedMs);
  const asked = { queue: queue.id, callId: request.callId, skills: request.skills, agentId };
  const answer = await region.peers.claim(record.home, asked, budgetMs);
  attempt.refused.push(agentId);
  if (answer.kind === 'granted') return grantedElsewhere(attempt, answer.claim, startedMs);
  if (answer.kind === 'refused' && answer.agent) await correct(region, agentId, facetsOf(answer.agent));
  if (answer.kind === 'unreachable') attempt.unreachable.add(record.home);
  // It may have granted. Nothing is given back: the call may ask again and be given that very claim, or it lapses.
  if (answer.kind === 'unknown') {
    region.history.claimUnknown({ call: request.callId, queue: queue.id, home: record.home, agent: agentId });
  }
  return undefined;
}

async function grantedElsewhere(
  { region, request, queue }: Attempt,
  claim: ClaimAnswer,
  startedMs: number,
): Promise<Granted> {
  await correct(region, claim.agent_id, facetsOf(claim.agent));
  region.history.claimGranted({
    call: request.callId,
    queue: queue.id,
    agent: claim.agent_id,
    fence: claim.fence,
    untilMs: claim.until,
    heldMs: claim.expires_in_ms - (region.clock.monotonicMs() - startedMs),
    home: claim.authority.region,
    startedMs,
  });
  const record = await region.agents.recall(claim.agent_id);
  const agent = record ? answerFor(region, claim.agent_id, record) : claim.agent;
  const { explanation: _, ...answer } = claim as ClaimAnswer & { explanation?: unknown };
  return { claim: { ...answer, agent }, again: false };
}

/** Takes over what an agent's home knows of it. The claim stands whether or not the local copy could be corrected. */
async function correct(region: Region, agentId: string, facets: Facets): Promise<void> {
  try {
    await region.agents.apply(agentId, facets);
  } catch (error) {
    region.log.warn({ err: error, agent: agentId }, 'the local copy of an agent was not corrected; the bus will do it');
  }
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
