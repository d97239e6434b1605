import type { FacetName, Facets } from '../../agent/facets.ts';
import { behind } from '../../agent/merge.ts';
import type { AgentAnswer } from '../../contract/agents.ts';
import { updateLocalCopy } from '../claims/grant.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { facetsOf } from '../region.ts';
import type { Token } from './token.ts';

/** The tokens that a read carries. */
export interface Carried {
  tokens: Token[];
  /** As they came, to ask another region with. */
  text: string;
  /** Another region asks on its caller's behalf: nobody is asked on. */
  isAsked: boolean;
}

/** A read that can be made to come after writes. */
export interface Read<T> {
  /** Answers from what is known here. */
  answer(budgetMs: number): Promise<T>;
  /** Path and query by which another region answers the same; left out where only this one can. */
  path?: string;
  /** The one agent that the answer is about; left out for queues, which are about all. */
  about?: { agentId: string; in(answer: T): AgentAnswer };
  /** How long the caller waits, if that was said. */
  budgetMs?: number | undefined;
}

/** What a region does not know yet of a write of `region`: facets of an agent, or all that some partitions carry. */
interface Missing {
  region: string;
  agent_id?: string;
  facets?: FacetName[];
  partitions?: number[];
}

/** The read would answer with the past. */
export class NotYetConsistent extends Error {
  override name = 'NotYetConsistent';
  readonly missing: Missing[];
  /** What would have been answered; undefined where that is nothing. */
  readonly known: unknown;
  constructor(message: string, missing: Missing[], known: unknown) {
    super(message);
    this.missing = missing;
    this.known = known;
  }
}

/** How long a caller who did not say is kept waiting for a write, and then for the region that has it, in ms. */
const BUDGET_MS = 1000;
/** What the bus brings at all it brings in this time, ms; half of a smaller budget, so that asking is left time, too. */
const WAIT_MS = 250;
/** How often to look for what another instance has applied, ms; what this one applies wakes who waits. */
const LOOK_EVERY_MS = 25;

/**
 * Answers a read with nothing older than the writes whose tokens it carries:
 *
 *   looking ──all there──► answered from here
 *      │  ▲
 *      ▼  └── something arrived, or 25 ms ── waiting ──time is up──► asking the region that has the write
 *      └───────────────────────────────────────►┘                      │answered: from there      │else
 *                                                                      ▼                          ▼
 *                                                                   answered                   refused, with
 *                                                                                              what is known
 *
 * @returns the answer, and whose it is where the read carried tokens
 * @throws NotYetConsistent, and whatever the read itself throws
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

/** Whether the bus brings what that region writes: else there is nothing to wait for. */
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
  throw new NotYetConsistent(`not known here yet: ${missing.map(describe).join('; ')}`, missing, known);
}

/** Asks the regions that have the writes, in turn, for the whole answer. */
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
    // So that the next read needs to ask nobody. A home hears by the bus only: what was granted in its stead is compared there.
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

/** What the region's store does not hold yet, of everything or of one agent. @throws ShardUnavailable */
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
  { region, entries, deferred }: Token,
  agentId: string | undefined,
): Promise<Missing[]> {
  // Where a write was taken it was applied at once, before the bus brought it.
  if (region === config.region && !deferred) return [];
  const only = agentId === undefined ? undefined : positions.partitionOf(agentId);
  const relevant = [...entries].filter(([partition]) => only === undefined || partition === only);
  const partitions = await positions.lacking(region, new Map(relevant));
  return partitions.length > 0 ? [{ region, partitions }] : [];
}

/** What an answer about one agent lacks: the last word, because the store may have been taken back meanwhile. */
function missingIn<T>(answer: T, tokens: Token[], { about }: Read<T>): Missing[] {
  if (!about) return [];
  const facets = facetsOf(about.in(answer));
  return tokens.flatMap((token) => missingFacets(facets, about.agentId, token));
}

function missingFacets(known: Facets, agentId: string, { region, agents }: Token): Missing[] {
  const facets = behind(known, agents.get(agentId) ?? {});
  return facets.length > 0 ? [{ region, agent_id: agentId, facets }] : [];
}

const awaited = ({ agent_id, partitions = [] }: Missing): (string | number)[] =>
  agent_id === undefined ? partitions : [agent_id];

function describe({ region, agent_id, facets = [], partitions = [] }: Missing): string {
  if (agent_id !== undefined) return `the ${facets.join(' and ')} of agent "${agent_id}" as written in ${region}`;
  return `the events of ${region} on ${partitions.length === 1 ? 'partition' : 'partitions'} ${partitions.join(', ')}`;
}
