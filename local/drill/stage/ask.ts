import type { RegionReport } from '../../../src/api/routes/regions.ts';
import type { AgentAnswer, ClaimAnswer } from '../../../src/routing/answers.ts';
import type { LocalConnection } from '../../connection.ts';
import type { HttpAnswer } from '../../http.ts';
import { withAdmin } from '../../redis/admin.ts';
import type { LocalRegion } from '../../region.ts';
import type { Tally } from '../../tally.ts';
import type { World } from '../../world.ts';

/** The region of that name. */
export function regionOf({ regions }: World, name: string): LocalRegion {
  return found(
    regions.find((region) => region.name === name),
    name,
  );
}

/** All regions but that one. */
export function othersThan({ regions }: World, name: string): LocalRegion[] {
  return regions.filter((region) => region.name !== name);
}

/** The connection that is homed in the region. */
export function connectionOf({ connections }: World, home: string): LocalConnection {
  return found(
    connections.find((connection) => connection.home === home),
    home,
  );
}

/** What a region knows of the others and of itself. */
export function report({ http }: World, { url }: LocalRegion): Promise<RegionReport> {
  return http.read<RegionReport>(`${url}/v1/regions`);
}

/** The same of every region. */
export function reports(world: World): Promise<RegionReport[]> {
  return Promise.all(world.regions.map((region) => report(world, region)));
}

/** What a region knows of another one. */
export async function viewOf(
  world: World,
  region: LocalRegion,
  other: string,
): Promise<RegionReport['regions'][number]> {
  const { regions } = await report(world, region);
  return found(
    regions.find((each) => each.region === other),
    other,
  );
}

/** An agent, as a region tells it. */
export function agentIn({ http }: World, { url }: LocalRegion, agentId: string): Promise<AgentAnswer> {
  return http.read<AgentAnswer>(`${url}/v1/agents/${encodeURIComponent(agentId)}`);
}

/** The same in every region, by region. */
export async function agentEverywhere(world: World, agentId: string): Promise<Record<string, AgentAnswer>> {
  const told = world.regions.map(async (region) => [region.name, await agentIn(world, region, agentId)] as const);
  return Object.fromEntries(await Promise.all(told));
}

/** `AVAILABLE`, or `BUSY (ON_CALL)`; how old that may be. */
export function status({ status, reason, age_ms, stale }: AgentAnswer): string {
  const age = age_ms === null ? 'of unknown age' : `${age_ms} ms old`;
  return `${status}${reason ? ` (${reason})` : ''}, ${age}${stale ? ', stale' : ''}`;
}

/** The line that the region's Redis Cluster holds about an agent. */
export async function recordIn({ cluster }: LocalRegion, agentId: string): Promise<string> {
  const key = 'agents:{main}';
  const { port } = await cluster.masterOf(key);
  return `${await withAdmin(port, (redis) => redis.run('HGET', key, agentId))}`;
}

export interface Asked {
  queue: string;
  call_id: string;
  agent_id?: string;
  budget_ms?: number;
}

/** Asks a region for an agent. */
export function claim({ http }: World, { url }: LocalRegion, asked: Asked): Promise<HttpAnswer> {
  return http.post(`${url}/v1/claims`, asked);
}

export const succeeded = ({ status }: HttpAnswer): boolean => status < 300;

/** Confirms, renews, releases or completes a claim, at any region. */
export function settle(
  { http }: World,
  { url }: LocalRegion,
  { claim_id }: Pick<ClaimAnswer, 'claim_id'>,
  settlement: 'confirm' | 'renew' | 'release' | 'complete',
): Promise<HttpAnswer> {
  return http.post(`${url}/v1/claims/${encodeURIComponent(claim_id)}/${settlement}`);
}

/** What the callers of a region met. */
export function tallyOf({ callers }: World, region: string): Tally {
  return found(callers.tallies.get(region), region);
}

/** Claims granted until now to the callers of each region, by region. */
export function granted({ callers }: World): Record<string, number> {
  return Object.fromEntries([...callers.tallies].map(([name, tally]) => [name, tally.granted]));
}

/** What was gained since. */
export function gained(now: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}
