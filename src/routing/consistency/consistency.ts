import type { FacetName, Facets } from '../../agent/facets.ts';
import { facetsBehind } from '../../agent/merge.ts';
import { partOf, readPart } from '../../config/topology.ts';
import type { AgentAnswer } from '../../contract/agents.ts';
import { updateLocalCopy } from '../claims/grant.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { facetsOf } from '../region.ts';
import type { Token } from './token.ts';

/** The consistency tokens of a read. */
export interface Carried {
  tokens: Token[];
  /** The header as received, for requests to other regions. */
  text: string;
  /** Whether another region asks on behalf of its caller. The request is not forwarded then. */
  isAsked: boolean;
}

/** A read that can wait for writes. */
export interface Read<T> {
  /** Answers from this region's store. `budgetMs` is the time for it, in ms. */
  answer(budgetMs: number): Promise<T>;
  /** Path and query of the same read in another region; undefined if only this region can answer. */
  path?: string;
  /** The only agent in the answer; undefined if the answer is about many. */
  about?: { agentId: string; in(answer: T): AgentAnswer };
  /** The caller's budget, in ms, if it has one. */
  budgetMs?: number | undefined;
}

/** The part of a write of `region` that has not arrived: facets of an agent, or events of partitions of a domain. */
interface Missing {
  region: string;
  agent_id?: string;
  facets?: FacetName[];
  domain?: string;
  partitions?: number[];
}

/** The read's answer would be older than a write that it must come after. */
export class NotYetConsistent extends Error {
  override name = 'NotYetConsistent';
  readonly missing: Missing[];
  /** The answer without the missing writes; undefined if there is none. */
  readonly known: unknown;
  constructor(message: string, missing: Missing[], known: unknown) {
    super(message);
    this.missing = missing;
    this.known = known;
  }
}

/** Default budget for waiting for a write and then asking its region, in ms. */
const BUDGET_MS = 1000;
/** Longest wait for the bus, in ms; at most half of the budget, to leave time for asking the other region. */
const WAIT_MS = 250;
/** How often the store is checked for events that other instances applied, in ms. Events applied here end the wait at once. */
const LOOK_EVERY_MS = 25;

/**
 * Answers a read that is not older than the writes of its consistency tokens:
 *
 *   checking ──nothing is missing──► answered from this region
 *      │  ▲
 *      ▼  └── an event arrived, or 25 ms ── waiting ──time is up──► asking the region that has the write
 *      └───────────────────────────────────────►┘                      │it answered               │else
 *                                                                      ▼                          ▼
 *                                                             answered from there          NotYetConsistent, with
 *                                                                                          the answer from here
 *
 * @returns the answer; `by` is the region that produced it, if the read carried tokens
 * @throws NotYetConsistent, and what the read itself throws
 */
export async function readAfter<T>(
  region: Region,
  carried: Carried,
  read: Read<T>,
): Promise<{ answer: T; by?: string }> {
  const { config, clock, positions, metrics } = region;
  if (carried.tokens.length === 0) return { answer: await read.answer(read.budgetMs ?? config.claims.budgetMs) };
  const { budgetMs = BUDGET_MS } = read;
  const startedMs = clock.monotonicMs();
  const spentMs = (): number => clock.monotonicMs() - startedMs;
  const waitMs = carried.tokens.every((token) => isHeard(region, token)) ? Math.min(WAIT_MS, budgetMs / 2) : 0;
  for (let outcome = 'here'; ; outcome = 'waited') {
    let missing = await missingHere(region, carried.tokens, read.about?.agentId);
    if (missing.length === 0) {
      const answer = await read.answer(
        Math.max(1, Math.min(budgetMs - spentMs(), read.budgetMs ?? config.claims.budgetMs)),
      );
      missing = missingIn(answer, carried.tokens, read);
      if (missing.length === 0) {
        metrics.tokenReads.inc({ outcome });
        return { answer, by: config.region };
      }
    }
    const leftMs = waitMs - spentMs();
    if (leftMs <= 0) return askOrRefuse(region, carried, read, missing, budgetMs - spentMs());
    await positions.arrival(missing.flatMap(awaited), Math.min(LOOK_EVERY_MS, leftMs));
  }
}

/** Whether events of the token's region arrive by the bus. If not, waiting is useless. */
function isHeard({ freshness }: Region, token: Token): boolean {
  return freshness.region(token.region).state === 'fresh';
}

async function askOrRefuse<T>(
  region: Region,
  carried: Carried,
  read: Read<T>,
  missing: Missing[],
  budgetMs: number,
): Promise<{ answer: T; by: string }> {
  const asked = carried.isAsked ? undefined : await askOthers(region, carried, read, missing, budgetMs);
  region.metrics.tokenReads.inc({ outcome: asked ? 'asked' : 'refused' });
  if (asked) return asked;
  const known = read.path ? await knownHere(read) : undefined;
  throw new NotYetConsistent(`this region does not have yet: ${missing.map(describe).join('; ')}`, missing, known);
}

/** Asks the regions that have the writes, one after the other, for the whole answer. */
async function askOthers<T>(
  region: Region,
  { tokens, text }: Carried,
  read: Read<T>,
  missing: Missing[],
  budgetMs: number,
): Promise<{ answer: T; by: string } | undefined> {
  const { clock, config, peers } = region;
  const until = clock.monotonicMs() + budgetMs;
  for (const name of new Set(missing.map((each) => each.region))) {
    if (!read.path || name === config.region) continue;
    const answer = (await peers.read(name, read.path, text, until - clock.monotonicMs())) as T | undefined;
    if (answer === undefined || missingIn(answer, tokens, read).length > 0) continue;
    const agent = read.about?.in(answer);
    // The next read is answered from here. Agents homed here change by the bus only, where claim conflicts are found.
    if (agent && agent.home !== config.region) await updateLocalCopy(region, agent.agent_id, facetsOf(agent));
    return { answer, by: name };
  }
  return undefined;
}

async function knownHere<T>(read: Read<T>): Promise<T | undefined> {
  try {
    return await read.answer(1);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** The parts of the writes that this region's store lacks, of all agents or of one. @throws ShardUnavailable */
async function missingHere(region: Region, tokens: Token[], agentId: string | undefined): Promise<Missing[]> {
  const missing = await Promise.all(
    tokens.flatMap((token) => [
      missingEntries(region, token, agentId),
      ...[...token.agents.keys()].map(async (id) => {
        if (agentId !== undefined && id !== agentId) return [];
        return missingFacets((await region.agents.get(id))?.facets ?? {}, id, token);
      }),
    ]),
  );
  return missing.flat();
}

async function missingEntries(
  { config, positions }: Region,
  { region, positions: written }: Token,
  agentId: string | undefined,
): Promise<Missing[]> {
  // A write of this region was applied when it was accepted.
  if (region === config.region) return [];
  const only = agentId === undefined ? undefined : positions.partOf(agentId);
  const relevant = [...written].filter(([part]) => only === undefined || part === only);
  const parts = await positions.lacking(region, new Map(relevant));
  const byDomain = Map.groupBy(parts.map(readPart), ({ domain }) => domain);
  return [...byDomain].map(([domain, of]) => ({ region, domain, partitions: of.map(({ partition }) => partition) }));
}

/** The parts of the writes that an answer about one agent lacks. A failover after `missingHere` may have lost them. */
function missingIn<T>(answer: T, tokens: Token[], { about }: Read<T>): Missing[] {
  if (!about) return [];
  const facets = facetsOf(about.in(answer));
  return tokens.flatMap((token) => missingFacets(facets, about.agentId, token));
}

function missingFacets(known: Facets, agentId: string, { region, agents }: Token): Missing[] {
  const facets = facetsBehind(known, agents.get(agentId) ?? {});
  return facets.length > 0 ? [{ region, agent_id: agentId, facets }] : [];
}

const awaited = ({ agent_id, domain = '', partitions = [] }: Missing): string[] =>
  agent_id === undefined ? partitions.map((partition) => partOf(domain, partition)) : [agent_id];

function describe({ region, agent_id, facets = [], domain, partitions = [] }: Missing): string {
  if (agent_id !== undefined) return `the ${facets.join(' and ')} of agent "${agent_id}" as written in ${region}`;
  const on = `${partitions.length === 1 ? 'partition' : 'partitions'} ${partitions.join(', ')}`;
  return `the events of ${region} in domain ${domain} on ${on}`;
}
