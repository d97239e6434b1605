import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { WireFacets } from '../../src/agent/wire.ts';
import { systemClock } from '../../src/ops/clock.ts';
import type { LocalConnection } from '../platforms/connection.ts';
import type { Truth } from '../platforms/truth.ts';
import type { Http } from '../tools/http.ts';

/** An agent as one region reports them; undefined if the region does not know them. */
export type ReportedAgent = { status: string; reason?: string; facets: WireFacets } | undefined;

export interface Convergence {
  converged: boolean;
  /** Time from the moment the platforms were quiet, in ms. */
  tookMs: number;
  /** The first differences that were left. */
  differences: string[];
  /** Number of agents with differences that were left. */
  differing: number;
}

interface Watched {
  agentId: string;
  truth(): Truth;
}

/** Default time for regions to agree, in ms. */
const LIMIT_MS = 20_000;
const POLL_MS = 250;
const AT_ONCE = 48;
const KEPT_DIFFERENCES = 20;

/**
 * The differences between regions about an agent, and between regions and the platform; empty if there are none.
 * @param reports the agent as each region reports them, by region
 */
export function differences(agentId: string, reports: Record<string, ReportedAgent>, truth: Truth): string[] {
  const [first, ...others] = Object.entries(reports);
  if (!first) return [];
  const [region, agent] = first;
  const unknownIn = Object.entries(reports).flatMap(([name, one]) => (one ? [] : [name]));
  if (!agent || unknownIn.length > 0) return [`${agentId} is not known in ${unknownIn.join(', ')}`];
  const disagreements = others.flatMap(([other, one]) => disagreement(agentId, region, agent, other, one));
  return [...disagreements, ...falsehoods(agentId, region, agent, truth)];
}

function disagreement(
  agentId: string,
  region: string,
  agent: NonNullable<ReportedAgent>,
  other: string,
  one: ReportedAgent,
): string[] {
  const names = new Set([...Object.keys(agent.facets), ...Object.keys(one?.facets ?? {})]) as Set<keyof WireFacets>;
  return [...names].flatMap((name) => {
    const [here, there] = [agent.facets[name], one?.facets[name]];
    if (isDeepStrictEqual(here, there)) return [];
    return [`${agentId}: ${name} is ${JSON.stringify(here)} in ${region}, ${JSON.stringify(there)} in ${other}`];
  });
}

function falsehoods(
  agentId: string,
  region: string,
  { status, reason, facets }: NonNullable<ReportedAgent>,
  truth: Truth,
): string[] {
  const found: string[] = [];
  const compare = (what: string, said: string | undefined, known: string) => {
    if (said !== known) found.push(`${agentId}: ${what} is ${said} in ${region}, ${known} on the platform`);
  };
  if (truth.presence) compare('presence', facets.presence?.state, truth.presence);
  if (truth.activity) compare('activity', facets.activity?.state, truth.activity);
  if (status !== truth.status) {
    const why = reason === undefined ? '' : ` (${reason})`;
    found.push(`${agentId}: status is ${status}${why} in ${region}, ${truth.status} on the platform`);
  }
  return found;
}

/**
 * Compares every agent in every region with the others and with the platform until all agree, or the time is over. Useful
 * only while platforms are quiet.
 * @param urls an instance of each region, by region
 */
export async function awaitConvergence(
  connections: readonly LocalConnection[],
  urls: Record<string, string>,
  http: Http,
  limitMs = LIMIT_MS,
): Promise<Convergence> {
  const startedMs = systemClock.monotonicMs();
  let open: Watched[] = connections.flatMap((connection) =>
    connection.organisation.userIds.map((id) => ({
      agentId: connection.agentId(id),
      truth: () => connection.truth(id),
    })),
  );
  for (;;) {
    const found = await compareAll(open, urls, http);
    const tookMs = systemClock.monotonicMs() - startedMs;
    open = open.filter(({ agentId }) => found.has(agentId));
    if (open.length > 0 && tookMs < limitMs) {
      await delay(POLL_MS);
      continue;
    }
    const list = [...found.values()].flat().slice(0, KEPT_DIFFERENCES);
    return { converged: open.length === 0, tookMs, differences: list, differing: open.length };
  }
}

/** Differences by agent, for agents who have any. */
async function compareAll(agents: Watched[], urls: Record<string, string>, http: Http): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const left = agents.values();
  const compareNext = async (): Promise<void> => {
    for (const { agentId, truth } of left) {
      const reports = await readEverywhere(agentId, urls, http);
      const differing = differences(agentId, reports, truth());
      if (differing.length > 0) found.set(agentId, differing);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, compareNext));
  return found;
}

async function readEverywhere(
  agentId: string,
  urls: Record<string, string>,
  http: Http,
): Promise<Record<string, ReportedAgent>> {
  const path = `/v1/agents/${encodeURIComponent(agentId)}`;
  const reports = Object.entries(urls).map(async ([region, url]) => {
    const { status, body } = await http.get(`${url}${path}`);
    return [region, status === 200 ? (body as ReportedAgent) : undefined] as const;
  });
  return Object.fromEntries(await Promise.all(reports));
}
