import { mayGrantInstead } from '../../agent/claim.ts';
import { claimsOf, isRunning } from '../../agent/facets.ts';
import { connectionOf } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply, Obstacle, PassOver } from '../../store/queues.ts';
import { isDurableEnough, mayBeLost, NotReplicated, type Written } from '../../store/written.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAgentAnswer,
  explain,
  homesBefore,
  isBefore,
  oldestDataMs,
  queueNamed,
  type Region,
  retryDuringFailover,
  suspectHomes,
  wordAgeOf,
} from '../region.ts';
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

/** Agents that are tried for one request, e.g. while homes do not grant them, before it gets `no_agent_available`. */
const MAX_ROUNDS = 8;
/** Shortest time until a repetition may find an agent after `no_agent_available`, in ms. */
const NOBODY_FREE_MS = 2000;

/**
 * Claims the best agent of a queue for a call. If the agent's home is this region, one round trip to the store decides;
 * otherwise its home is asked. A call that repeats its claim request gets the same claim until the claim ends.
 * @throws Refusal, ShardUnavailable; NotReplicated if no replica acknowledged the grant and `claims.replication` is `refuse`
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
    notBeforeMs: request.maxAgeMs === undefined ? undefined : startedMs - request.maxAgeMs,
    excluded: [],
    unanswered: new Map(),
    hasAskedPlatforms: false,
    tally: { seen: 0 },
  };
  // Claims for another region's caller are counted there only.
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
    // Only a grant needs a replica: `grantedHere` checks it.
    reply = written.evenIfLost();
    const { record } = reply;
    if (reply.verdict === 'none' || !record) break;
    if (reply.lapsed) reportLapse(region, reply.agentId, reply.lapsed, mayBeLost(written));
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
  // The caller wants one agent: the dispute about its home is the reason.
  if (request.agentId !== undefined && attempt.disputed) return attempt.disputed;
  const explanation = request.explain && reply ? explain(region, reply.considered, request.maxAgeMs) : undefined;
  const agentId = request.proposes ?? request.agentId;
  // The scan looks at agents in queues only. For an agent in no queue, the record says why it cannot be claimed.
  const record = agentId === undefined ? undefined : await region.agents.get(agentId);
  if (request.askedBy !== undefined && record && record.home !== region.config.region) {
    return notHome(region, agentId ?? '', record.home);
  }
  const agent = agentId !== undefined && record ? buildAgentAnswer(region, agentId, record) : undefined;
  const mayShareAgent = !record || request.askedBy === undefined || (await isCertain(region, agentId ?? '', record));
  // A call of another region gets its retry slot there.
  const isWaiting = request.askedBy === undefined;
  return new Refusal('no_agent_available', `no agent of queue "${queue.id}" can take the call now`, {
    passedOver: tally,
    isIncomplete: reply?.isIncomplete,
    ageMs: agent && agentId !== undefined ? wordAgeOf(agent) : oldestHere(attempt),
    explanation,
    ...(isWaiting && { retryAfterMs: region.retrySlots.after(request.callId, NOBODY_FREE_MS) }),
    ...(mayShareAgent && { agent }),
  });
}

/** Age in ms of the oldest data that "nobody" rests on. For another region only agents homed here are looked at. */
function oldestHere({ region, request, queue }: Attempt): number | null {
  return request.askedBy === undefined ? oldestDataMs(region, queue.domain) : 0;
}

/**
 * Whether the answer to another region may contain the agent's state. A claim that no replica has can be lost here in a
 * failover, but the other region would keep it in its copy.
 */
async function isCertain({ agents, config }: Region, agentId: string, record: AgentRecord): Promise<boolean> {
  const { replication } = config.claims;
  if (replication === 'grant' || !claimsOf(record.facets).some(isRunning)) return true;
  const affirmed = await agents.affirm(agentId, record, 'claims');
  return affirmed.kind === 'settled' && isDurableEnough(affirmed.written, replication);
}

/** The answer to a region that takes this one for the agent's home. Requests between regions are never forwarded. */
export function notHome({ config }: Region, agentId: string, home: string): Refusal {
  const detail = `${config.region} is not the home of agent "${agentId}"; according to it, the home is ${home || 'no region'}`;
  return new Refusal('not_home', detail, { home });
}

/** Time that the store gets beyond the caller's budget, in ms, so that a slow shard is reported as such. */
const STORE_GRACE_MS = 1000;

/** Scans the queue. If no agent can be claimed, asks the platforms about stale agents and scans again. */
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

/** Whether a scan found no agent. It wrote nothing then, so replication does not matter. */
const foundNobody = (reply: Written<ClaimReply>): boolean => reply.evenIfLost().verdict === 'none';

/** Scans without the agents of suspect homes, then with them if no other agent was found. */
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
  const [first, ...others] = await verifiedRounds(attempt, homes);
  let reply = await claimWith(attempt, passOver, first);
  for (const vouched of others) {
    if (foundNobody(reply)) reply = await claimWith(attempt, passOver, vouched);
  }
  return reply;
}

/** Excludes a proposed agent that the caller did not ask for: only an existing claim of the call on that agent is answered. */
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
 * How the agents of other homes can be claimed:
 *
 *   the home       | is fresh     | is stale                       | is too far away for the budget
 *   ---------------+--------------+--------------------------------+-------------------------------
 *   is reachable   | ask the home | verify by platform, then ask   | not at all
 *   is unreachable | under policy `verify`: verify by platform and grant here; under `refuse`: not at all
 *
 * Data that are too old for the caller's own limit do not matter if the home is asked: it decides on its own, present data. If it
 * cannot be asked, its agents are stale for this caller.
 */
interface HomeStatuses {
  /** Homes whose agents are passed over, and the pass-over reason. */
  passOver: PassOver;
  /** Of these, the homes whose platform-verified agents can be claimed: by asking the home, or by a delegated grant. */
  ifVerified: Map<string, 'ask' | 'grant'>;
}

/** Agents in one platform query: those at the front of the queue. */
const READ_AHEAD = 50;
/** Agents from the back half of the queue that delegated grants try first. */
const FROM_THE_BACK = 4;
/** Part of the budget that is kept for the claim itself after a platform query, in ms. */
const CLAIM_RESERVE_MS = 10;

/** The home statuses for this attempt, as of now. A request from another region is for this region's own agents only. */
export function homeStatuses(attempt: Attempt): HomeStatuses {
  const { region, request, queue, unanswered, notBeforeMs } = attempt;
  const { peers, freshness } = region;
  const old = notBeforeMs === undefined ? undefined : homesBefore(region, queue.domain, notBeforeMs);
  const homes: HomeStatuses = { passOver: new Map(), ifVerified: new Map() };
  const budgetMs = remainingMs(attempt);
  for (const home of Object.keys(region.config.regions)) {
    if (home === region.config.region) continue;
    const isStale = freshness.region(home).state === 'stale';
    const isCut = peers.isCutOff(home) || unanswered.get(home) === 'unreachable';
    const isSilent = !peers.isReachable(home) || unanswered.has(home);
    const isFar = peers.answersWithinMs(home) > budgetMs;
    const isOld = (isSilent || isFar) && old?.has(home) === true;
    const why = obstacleOf({
      isStale: isStale || isOld,
      isSilent: isSilent || request.askedBy !== undefined,
      isFar,
    });
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

/** Platform-verified agents that may be claimed, and those of them that this region may grant itself. */
interface Verified {
  vouched: string[];
  instead: string[];
}

/**
 * The sets of platform-verified agents to scan with, one after the other until an agent is found. An unreachable home may be
 * running and granting agents from the front of the queue. So the first set has a few random agents from the back half, and
 * only the second has all. This makes conflicts with the home, and with other regions that do the same, less likely.
 */
async function verifiedRounds(
  { region, notBeforeMs }: Attempt,
  { ifVerified }: HomeStatuses,
): Promise<[Verified, ...Verified[]]> {
  const asked: string[] = [];
  const instead: { agentId: string; arrivalMs: number }[] = [];
  for (const agentId of ifVerified.size > 0 ? region.freshness.confirmedAgents() : []) {
    const record = await region.agents.recall(agentId);
    if (!record) continue;
    const way = ifVerified.get(record.home);
    if (way === 'ask') asked.push(agentId);
    if (way !== 'grant' || !mayVerify(region, agentId, record)) continue;
    if (!isTooOld(region, agentId, record, notBeforeMs)) instead.push({ agentId, arrivalMs: record.arrivalMs });
  }
  const all = instead.sort((a, b) => a.arrivalMs - b.arrivalMs).map(({ agentId }) => agentId);
  const few = sample(all.slice(Math.floor(all.length / 2)), FROM_THE_BACK);
  const everybody = { vouched: [...asked, ...all], instead: all };
  return few.length < all.length ? [{ vouched: [...asked, ...few], instead: few }, everybody] : [everybody];
}

/** Returns `count` random elements of a list, or all of a shorter one. */
function sample(list: string[], count: number): string[] {
  const left = [...list];
  return Array.from({ length: Math.min(count, list.length) }, () => {
    const [taken = ''] = left.splice(Math.floor(Math.random() * left.length), 1);
    return taken;
  });
}

/** Whether the last word about the agent is too old for the caller. */
function isTooOld(region: Region, agentId: string, { home }: AgentRecord, notBeforeMs: number | undefined): boolean {
  return notBeforeMs !== undefined && isBefore(region, home, agentId, notBeforeMs);
}

/** Whether this region may grant the agent while the home is unreachable, by the authority policy of the connection. */
function mayVerify({ config }: Region, agentId: string, { facets }: AgentRecord): boolean {
  const connection = connectionOf(config, agentId);
  if (!connection || connection.platform === 'events' || connection.authority === 'refuse') return false;
  return mayGrantInstead(facets, config.region);
}

/**
 * Queries the platforms about the first agents of the queue that can be claimed only if platform-verified. Runs once per
 * attempt, within the rest of the budget.
 * @returns whether at least one of them is platform-verified now
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
  await region.readThrough.ask(ids, remainingMs(attempt) - homeMs - CLAIM_RESERVE_MS, attempt.notBeforeMs);
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
