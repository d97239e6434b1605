import { mayGrantInstead } from '../../agent/claim.ts';
import { claimsOf, isRunning } from '../../agent/facets.ts';
import { connectionOf } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply, Obstacle, PassOver } from '../../store/queues.ts';
import { isTellable, mayBeLost, NotReplicated, type Written } from '../../store/written.ts';
import { Refusal } from '../refusal.ts';
import { buildAgentAnswer, explain, queueNamed, type Region, retryDuringFailover, suspectHomes } from '../region.ts';
import {
  type Attempt,
  type ClaimRequest,
  claimAtHome,
  type Granted,
  grantedHere,
  releaseUnacknowledged,
  remainingMs,
  wishOf,
} from './grant.ts';
import { reportLapse } from './report-lapse.ts';
import { callHasClaim, retryAtGranter } from './retry.ts';

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
    excluded: [],
    unanswered: new Map(),
    hasAskedPlatforms: false,
    tally: { seen: 0 },
  };
  // The region that asks on its caller's behalf counts the claim; counted here too it would be two.
  const count = (outcome: string): void => {
    if (!request.askedBy) metrics.claims.inc({ outcome });
  };
  try {
    const granted = await retryDuringFailover(clock, request.budgetMs, () => tryAgents(attempt));
    const grant = granted.claim.authority.region === region.config.region ? 'local' : 'remote';
    if (!request.askedBy) metrics.claimDuration.observe({ grant }, (clock.monotonicMs() - startedMs) / 1000);
    count(granted.again ? 'again' : 'granted');
    return granted;
  } catch (error) {
    if (error instanceof NotReplicated) await releaseUnacknowledged(attempt);
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

async function tryAgents(attempt: Attempt): Promise<Granted> {
  const { region } = attempt;
  let reply: ClaimReply | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const startedMs = region.clock.monotonicMs();
    const written = await scan(attempt);
    // What the script says of who is there needs no replica; what it grants is looked at again in `grantedHere`.
    reply = written.evenIfLost();
    const { record } = reply;
    if (reply.verdict === 'none' || !record) break;
    if (reply.lapsed) reportLapse(region, reply.agentId, record, reply.lapsed, mayBeLost(written));
    if (reply.verdict === 'granted' || reply.verdict === 'again') {
      return grantedHere(attempt, written, record, startedMs);
    }
    if (reply.verdict === 'other') throw callHasClaim(attempt, reply, record);
    const granted =
      reply.verdict === 'ask'
        ? await claimAtHome(attempt, reply.agentId, record, startedMs)
        : await retryAtGranter(attempt, reply, record, startedMs);
    if (granted) return granted;
  }
  throw await noAgentAvailable(attempt, reply);
}

async function noAgentAvailable(attempt: Attempt, reply: ClaimReply | undefined): Promise<Refusal> {
  const { region, request, queue, tally } = attempt;
  // Of the one agent who would do nothing else is worth telling.
  if (request.agentId !== undefined && attempt.disputed) return attempt.disputed;
  const explanation = request.explain && reply ? explain(reply.considered, region.config.ranking) : undefined;
  const agentId = request.proposes ?? request.agentId;
  // A region that asked for an agent who is in no line learns why from the record, which the scan did not come to.
  const record = agentId === undefined ? undefined : await region.agents.get(agentId);
  if (request.askedBy !== undefined && record && record.home !== region.config.region) {
    return notHome(region, agentId ?? '', record.home);
  }
  const agent = agentId !== undefined && record ? buildAgentAnswer(region, agentId, record) : undefined;
  const mayShareAgent = !record || request.askedBy === undefined || (await isCertain(region, agentId ?? '', record));
  // Of a call that another region asks for the turn is that region's to give.
  const isWaiting = request.askedBy === undefined;
  return new Refusal('no_agent_available', `nobody in queue "${queue.id}" can take the call now`, {
    passedOver: tally,
    explanation,
    ...(isWaiting && { retryAfterMs: region.retrySlots.after(request.callId, NOBODY_FREE_MS) }),
    ...(mayShareAgent && { agent }),
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

/** Time the store gets beyond the caller's budget, in ms: a slow shard is an error of its own. */
const STORE_GRACE_MS = 1000;

/** Looks for an agent; where nobody can be taken, once more with those whom their platform vouches for. */
async function scan(attempt: Attempt): Promise<Written<ClaimReply>> {
  let reply = await scanOnce(attempt);
  if (foundNobody(reply) && (await askPlatforms(attempt))) reply = await scanOnce(attempt);
  const { tally } = reply.evenIfLost();
  for (const [name, count] of Object.entries(tally)) {
    if (name !== 'seen') attempt.region.metrics.passedOver.inc({ reason: name }, count);
  }
  attempt.tally = tally;
  return reply;
}

/** That nobody is there changes nothing in the store, so no replica need know. */
const foundNobody = (reply: Written<ClaimReply>): boolean => reply.evenIfLost().verdict === 'none';

/** One scan, or two: agents of homes that have gone quiet are only taken when nobody else is there. */
async function scanOnce(attempt: Attempt): Promise<Written<ClaimReply>> {
  const homes = homeStatuses(attempt);
  const suspects = suspectHomes(attempt.region, homes.passOver);
  if (suspects.size > 0) {
    const reply = await scanPassingOver(attempt, homes, new Map([...homes.passOver, ...suspects]));
    if (!foundNobody(reply)) return reply;
  }
  return scanPassingOver(attempt, homes, homes.passOver);
}

async function scanPassingOver(
  attempt: Attempt,
  homes: HomeStatuses,
  passOver: PassOver,
): Promise<Written<ClaimReply>> {
  const [first, ...others] = await verifiedRounds(attempt.region, homes);
  let reply = await claimWith(attempt, passOver, first);
  for (const vouched of others) {
    if (foundNobody(reply)) reply = await claimWith(attempt, passOver, vouched);
  }
  return reply;
}

/** A proposed agent whom the caller does not want is looked at only for a claim that the call has. */
function notWanted({ proposes, agentId }: ClaimRequest): string[] {
  return proposes !== undefined && agentId !== undefined && proposes !== agentId ? [proposes] : [];
}

function claimWith(attempt: Attempt, passOver: PassOver, vouched: Verified): Promise<Written<ClaimReply>> {
  const { region, request, queue, excluded, wish } = attempt;
  const budgetMs = Math.max(1, remainingMs(attempt));
  return region.queues.claim({
    region: region.config.region,
    domain: queue.domain,
    queue: queue.id,
    callId: request.callId,
    wish,
    media: request.media,
    skills: request.skills,
    heldMs: region.config.claims.heldMs,
    holdMs: Math.ceil(budgetMs),
    passOver,
    ...vouched,
    excluded: [...excluded, ...notWanted(request)],
    agentId: request.proposes ?? request.agentId,
    explain: request.explain,
    deadlineMs: budgetMs + STORE_GRACE_MS,
  });
}

/**
 * Whose word an attempt can have on an agent who is homed elsewhere:
 *
 *   the home    | is fresh     | is stale                      | is further away than the budget
 *   ------------+--------------+-------------------------------+--------------------------------
 *   answers     | the home's   | the platform's and the home's | nobody's
 *   is silent   | the platform's under policy `verify`, nobody's under `refuse`
 */
interface HomeStatuses {
  /** Homes to pass over, and why. */
  passOver: PassOver;
  /** Of these, the homes whose agents can be taken all the same once their platform vouches for them. */
  ifVerified: Map<string, 'ask' | 'grant'>;
}

/** Agents a platform is asked about at once: those ahead in the line. */
const READ_AHEAD = 50;
/** Agents near the end of a line who are tried first in a silent home's stead. */
const FROM_THE_BACK = 4;
/** What is left of the budget for the claim itself after a platform was asked, in ms. */
const CLAIM_RESERVE_MS = 10;

/** How the homes stand for this attempt now. Whoever asks on another's behalf wants this region's own agents only. */
export function homeStatuses(attempt: Attempt): HomeStatuses {
  const { region, request, unanswered } = attempt;
  const { peers, freshness } = region;
  const homes: HomeStatuses = { passOver: new Map(), ifVerified: new Map() };
  const budgetMs = remainingMs(attempt);
  for (const home of Object.keys(region.config.regions)) {
    if (home === region.config.region) continue;
    const isStale = freshness.region(home).state === 'stale';
    const isCut = peers.isCutOff(home) || unanswered.get(home) === 'unreachable';
    const isSilent = !peers.isReachable(home) || unanswered.has(home);
    const isFar = peers.answersWithinMs(home) > budgetMs;
    const why = obstacleOf({ isStale, isSilent: isSilent || request.askedBy !== undefined, isFar });
    if (!why) continue;
    homes.passOver.set(home, why);
    if (request.askedBy !== undefined) continue;
    if (isCut) homes.ifVerified.set(home, 'grant');
    else if (isStale && !isSilent && !isFar) homes.ifVerified.set(home, 'ask');
  }
  return homes;
}

type HomeObstacle = Extract<Obstacle, 'stale' | 'unreachable' | 'budget'>;

function obstacleOf(home: { isStale: boolean; isSilent: boolean; isFar: boolean }): HomeObstacle | undefined {
  if (home.isStale) return 'stale';
  if (home.isSilent) return 'unreachable';
  return home.isFar ? 'budget' : undefined;
}

/** Who may be taken on their platform's word, and who of them is granted here, in their home's stead. */
interface Verified {
  vouched: string[];
  instead: string[];
}

/**
 * Whom to scan with, one after the other until somebody is found. A silent home may be alive and granting, from the
 * front of the line: so in its stead agents are first granted from the back of it, a few at random, and only then
 * whoever is left. That keeps the two apart, and regions that grant in one home's stead, too.
 */
async function verifiedRounds(region: Region, { ifVerified }: HomeStatuses): Promise<[Verified, ...Verified[]]> {
  const asked: string[] = [];
  const instead: { agentId: string; arrivalMs: number }[] = [];
  for (const agentId of ifVerified.size > 0 ? region.freshness.confirmedAgents() : []) {
    const record = await region.agents.recall(agentId);
    if (!record) continue;
    const way = ifVerified.get(record.home);
    if (way === 'ask') asked.push(agentId);
    if (way === 'grant' && mayVerify(region, agentId, record)) instead.push({ agentId, arrivalMs: record.arrivalMs });
  }
  const all = instead.sort((a, b) => a.arrivalMs - b.arrivalMs).map(({ agentId }) => agentId);
  const few = sample(all.slice(Math.floor(all.length / 2)), FROM_THE_BACK);
  const everybody = { vouched: [...asked, ...all], instead: all };
  return few.length < all.length ? [{ vouched: [...asked, ...few], instead: few }, everybody] : [everybody];
}

/** So many of a list, or all of it, at random. */
function sample(list: string[], count: number): string[] {
  const left = [...list];
  return Array.from({ length: Math.min(count, list.length) }, () => {
    const [taken = ''] = left.splice(Math.floor(Math.random() * left.length), 1);
    return taken;
  });
}

/** Whether this region may grant the agent although the home cannot be asked: the policy of the connection decides. */
function mayVerify({ config }: Region, agentId: string, { facets }: AgentRecord): boolean {
  const connection = connectionOf(config, agentId);
  if (!connection || connection.platform === 'events' || connection.authority === 'refuse') return false;
  return mayGrantInstead(facets, config.region);
}

/**
 * Asks the platforms about those ahead in the line whom only their word can make available, once per attempt and
 * within what the budget leaves.
 * @returns whether a platform has spoken of any of them in time
 */
async function askPlatforms(attempt: Attempt): Promise<boolean> {
  const { region } = attempt;
  const homes = homeStatuses(attempt);
  if (attempt.hasAskedPlatforms || homes.ifVerified.size === 0) return false;
  attempt.hasAskedPlatforms = true;
  const ids = await candidates(attempt, homes);
  if (ids.length === 0) return false;
  const ways = [...homes.ifVerified];
  const homeMs = Math.max(0, ...ways.map(([home, way]) => (way === 'ask' ? region.peers.answersWithinMs(home) : 0)));
  await region.readThrough.ask(ids, remainingMs(attempt) - homeMs - CLAIM_RESERVE_MS);
  return ids.some((id) => region.freshness.confirmedMsAgo(id) !== undefined);
}

async function candidates({ region, request, queue }: Attempt, homes: HomeStatuses): Promise<string[]> {
  const { passOver, ifVerified } = homes;
  const { agents } = await region.queues.find({
    domain: queue.domain,
    queue: queue.id,
    media: request.media,
    skills: request.skills,
    limit: READ_AHEAD,
    explain: false,
    passOver: new Map([...passOver].filter(([home]) => !ifVerified.has(home))),
    vouched: [],
  });
  return agents.flatMap(({ agentId, record }) => {
    const only = request.proposes ?? request.agentId;
    if (only !== undefined && agentId !== only) return [];
    const way = ifVerified.get(record.home);
    if (!way || (way === 'grant' && !mayVerify(region, agentId, record))) return [];
    return region.readThrough.canAsk(agentId) ? [agentId] : [];
  });
}
