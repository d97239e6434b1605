import { mayGrantInstead } from '../../agent/claim.ts';
import { connectionOf } from '../../config/topology.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Obstacle, PassOver } from '../../store/queues.ts';
import type { Region } from '../region.ts';
import { type Attempt, remainingMs } from './attempt.ts';

/**
 * Whose word an attempt can have on an agent who is homed elsewhere:
 *
 *   the home    | is fresh     | is stale                      | is further away than the budget
 *   ------------+--------------+-------------------------------+--------------------------------
 *   answers     | the home's   | the platform's and the home's | nobody's
 *   is silent   | the platform's under policy `verify`, nobody's under `refuse`
 */
export interface Standing {
  /** Homes to pass over, and why. */
  passOver: PassOver;
  /** Of these, the homes whose agents can be taken all the same once their platform vouches for them. */
  onPlatformsWord: Map<string, 'ask' | 'grant'>;
}

/** Agents a platform is asked about at once: those ahead in the line. */
const READ_AHEAD = 50;
/** Agents near the end of a line who are tried first in a silent home's stead. */
const FROM_THE_BACK = 4;
/** What is left of the budget for the claim itself after a platform was asked, in ms. */
const CLAIM_RESERVE_MS = 10;

/** How the homes stand for this attempt now. Whoever asks on another's behalf wants this region's own agents only. */
export function standingOf(attempt: Attempt): Standing {
  const { region, request, unanswered } = attempt;
  const { peers, freshness } = region;
  const standing: Standing = { passOver: new Map(), onPlatformsWord: new Map() };
  const budgetMs = remainingMs(attempt);
  for (const home of peers.names()) {
    const isStale = freshness.region(home).state === 'stale';
    const isCut = peers.isCutOff(home) || unanswered.get(home) === 'unreachable';
    const isSilent = !peers.isReachable(home) || unanswered.has(home);
    const isFar = peers.answersWithinMs(home) > budgetMs;
    const why = obstacleOf({ isStale, isSilent: isSilent || request.askedBy !== undefined, isFar });
    if (!why) continue;
    standing.passOver.set(home, why);
    if (request.askedBy !== undefined) continue;
    if (isCut) standing.onPlatformsWord.set(home, 'grant');
    else if (isStale && !isSilent && !isFar) standing.onPlatformsWord.set(home, 'ask');
  }
  return standing;
}

type HomeObstacle = Extract<Obstacle, 'stale' | 'unreachable' | 'budget'>;

function obstacleOf(home: { isStale: boolean; isSilent: boolean; isFar: boolean }): HomeObstacle | undefined {
  if (home.isStale) return 'stale';
  if (home.isSilent) return 'unreachable';
  return home.isFar ? 'budget' : undefined;
}

/** Who may be taken on their platform's word, and who of them is granted here, in their home's stead. */
export interface Vouched {
  vouched: string[];
  instead: string[];
}

/**
 * Whom to walk with, one after the other until somebody is found. A silent home may be alive and granting, from the
 * front of the line: so in its stead agents are first granted from the back of it, a few at random, and only then
 * whoever is left. That keeps the two apart, and regions that grant in one home's stead, too.
 */
export async function onWhoseWord(region: Region, { onPlatformsWord }: Standing): Promise<[Vouched, ...Vouched[]]> {
  const asked: string[] = [];
  const instead: { agentId: string; arrivalMs: number }[] = [];
  for (const agentId of onPlatformsWord.size > 0 ? region.readThrough.confirmed() : []) {
    const record = await region.agents.recall(agentId);
    if (!record) continue;
    const way = onPlatformsWord.get(record.home);
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
export async function askPlatforms(attempt: Attempt): Promise<boolean> {
  const { region } = attempt;
  const standing = standingOf(attempt);
  if (attempt.hasAskedPlatforms || standing.onPlatformsWord.size === 0) return false;
  attempt.hasAskedPlatforms = true;
  const ids = await candidates(attempt, standing);
  if (ids.length === 0) return false;
  const ways = [...standing.onPlatformsWord];
  const homeMs = Math.max(0, ...ways.map(([home, way]) => (way === 'ask' ? region.peers.answersWithinMs(home) : 0)));
  await region.readThrough.ask(ids, remainingMs(attempt) - homeMs - CLAIM_RESERVE_MS);
  return ids.some((id) => region.readThrough.confirmedMsAgo(id) !== undefined);
}

async function candidates({ region, request, queue }: Attempt, standing: Standing): Promise<string[]> {
  const { passOver, onPlatformsWord } = standing;
  const { agents } = await region.queues.find({
    domain: queue.domain,
    queue: queue.id,
    media: request.media,
    skills: request.skills,
    limit: READ_AHEAD,
    explain: false,
    passOver: new Map([...passOver].filter(([home]) => !onPlatformsWord.has(home))),
    vouched: [],
  });
  return agents.flatMap(({ agentId, record }) => {
    const only = request.proposes ?? request.agentId;
    if (only !== undefined && agentId !== only) return [];
    const way = onPlatformsWord.get(record.home);
    if (!way || (way === 'grant' && !mayVerify(region, agentId, record))) return [];
    return region.readThrough.canAsk(agentId) ? [agentId] : [];
  });
}
