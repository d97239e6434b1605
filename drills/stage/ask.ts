import { ownStatus } from '../../src/agent/status.ts';
import type { AgentAnswer } from '../../src/contract/agents.ts';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import type { ConnectionsReport, RegionReport } from '../../src/contract/operators.ts';
import { agentsKey, facetsKey, joinRecord, readFacets, readHeader } from '../../src/store/record/record.ts';
import type { Tally } from '../../world/callers/tally.ts';
import type { GenesysConnection } from '../../world/platforms/genesys-connection.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import { sum } from '../../world/reports/prometheus.ts';
import { readRegion } from '../../world/reports/reading.ts';
import { type HttpAnswer, withProblems } from '../../world/tools/http.ts';
import type { World } from '../../world/world.ts';

/** Attempts of a request: an instance on a busy machine may be overloaded at first. */
export const ATTEMPTS = 5;

/** The region of that name. */
export function regionOf({ regions }: World, name: string): LocalRegion {
  return found(
    regions.find((region) => region.name === name),
    name,
  );
}

/** All other regions. */
export function othersThan({ regions }: World, name: string): LocalRegion[] {
  return regions.filter((region) => region.name !== name);
}

/** The connection that is homed in the region. */
export function connectionOf({ organisations }: World, home: string): GenesysConnection {
  return found(
    organisations.find((connection) => connection.home === home),
    home,
  );
}

/** A region's report on the others and on itself. */
export async function report({ http }: World, { url }: LocalRegion): Promise<RegionReport> {
  return (await http.muster(url, ATTEMPTS).getRegions()).body;
}

/** A region's report on its connections to platforms. */
export async function connections({ http }: World, { url }: LocalRegion): Promise<ConnectionsReport> {
  return (await http.muster(url, ATTEMPTS).getConnections()).body;
}

/** The same of every region. */
export function reports(world: World): Promise<RegionReport[]> {
  return Promise.all(world.regions.map((region) => report(world, region)));
}

export type Report = RegionReport;
export type View = RegionReport['regions'][number];

/** A region's report on another one. */
export async function viewOf(world: World, region: LocalRegion, other: string): Promise<View> {
  const { regions } = await report(world, region);
  return found(
    regions.find((each) => each.region === other),
    other,
  );
}

/** Whether a region reports every partition of another one, and so all of its agents, as stale. */
export function isAllStale({ state, partitions = [] }: View): boolean {
  return state === 'stale' && partitions.every((partition) => partition.state === 'stale');
}

/** The sum of a metric over all instances of a region. */
export async function metric(
  { http }: World,
  region: LocalRegion,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const { samples } = await readRegion(region, http);
  return sum(samples, name, labels);
}

/** An agent, as a region reports them. */
export async function agentIn({ http }: World, { url }: LocalRegion, agentId: string): Promise<AgentAnswer> {
  return (await http.muster(url, ATTEMPTS).getAgent({ params: { id: agentId } })).body;
}

/** The same in every region, by region. */
export async function agentEverywhere(world: World, agentId: string): Promise<Record<string, AgentAnswer>> {
  const told = world.regions.map(async (region) => [region.name, await agentIn(world, region, agentId)] as const);
  return Object.fromEntries(await Promise.all(told));
}

/** The agents whom a region's lookup returns as fit for a call: their ids. */
export async function offered({ http }: World, { url }: LocalRegion): Promise<string[]> {
  const { body } = await http.muster(url, ATTEMPTS).findAgents({ query: { limit: 50 } });
  return ('agents' in body ? body.agents : []).flatMap(({ agent_id, stale }) => (stale ? [] : [agent_id]));
}

/** Status, reason and age in words, e.g. `BUSY (ON_CALL), 40 ms old`. */
export function status({ status, reason, age_ms, stale }: AgentAnswer): string {
  const age = age_ms === null ? 'of unknown age' : `${age_ms} ms old`;
  return `${status}${reason ? ` (${reason})` : ''}, ${age}${stale ? ', stale' : ''}`;
}

/** An agent's record in the region's Redis Cluster: the header, and the facets in a line of their own. */
export async function recordIn({ cluster }: LocalRegion, agentId: string): Promise<string> {
  const keys = [agentsKey('main'), facetsKey('main')];
  const { port } = await cluster.masterOf(keys[0] as string);
  return withAdmin(port, async (redis) => {
    const parts = await Promise.all(keys.map((key) => redis.run('HGET', key, agentId)));
    return parts.join(BETWEEN);
  });
}

const BETWEEN = '\n\n';

/** The status of a record, without regard to claims; empty if there is no record. */
export function statusOf(record: string): string {
  const [header = '', facets = ''] = record.split(BETWEEN);
  return header === '' ? '' : ownStatus(joinRecord(readHeader(header), readFacets(facets)).facets).status;
}

/** A shortened record: without profile and event ids. */
export function abridged(record: string): string {
  return record.replace(/"profile":\{.*?\}.*?\},/, '').replaceAll(/,"id":"[^"]*"/g, '');
}

const GRACE_MS = 5_000;

export interface Asked {
  queue: string;
  call_id: string;
  agent_id?: string;
  budget_ms?: number;
}

/** Asks a region for an agent. */
export function claim(world: World, region: LocalRegion, asked: Asked): Promise<HttpAnswer> {
  return claimWithin(world, region, asked);
}

/** The same with a budget; waits a little longer than the budget. */
export function claimPatiently(
  world: World,
  region: LocalRegion,
  asked: Asked & { budget_ms: number },
): Promise<HttpAnswer> {
  return claimWithin(world, region, asked, asked.budget_ms + GRACE_MS);
}

function claimWithin(
  { http, ledger }: World,
  { name, url }: LocalRegion,
  body: Asked,
  deadlineMs?: number,
): Promise<HttpAnswer> {
  const question = { asked: 'claim', call: body.call_id, queue: body.queue, region: name, url } as const;
  const options = { body, ...(deadlineMs !== undefined && { deadlineMs }) };
  return ledger.note(question, () => withProblems(http.muster(url).createClaim(options)));
}

/** `201`, or `409 no_agent_available`. */
export function outcome({ status, body }: HttpAnswer): string {
  const { code } = body as { code?: string };
  return code ? `${status} ${code}` : `${status}`;
}

export const succeeded = ({ status }: HttpAnswer): boolean => status < 300;

export type Settlement = 'confirm' | 'renew' | 'release' | 'complete';

/** Confirms, renews, releases or completes a claim, at any region. */
export function settle(
  { http, ledger }: World,
  { name, url }: LocalRegion,
  { claim_id, call_id }: Pick<ClaimAnswer, 'claim_id'> & Partial<ClaimAnswer>,
  settlement: Settlement,
  body: { budget_ms?: number } = {},
): Promise<HttpAnswer> {
  const question = { asked: settlement, claim: claim_id, call: call_id, region: name, url } as const;
  return ledger.note(question, () =>
    withProblems(http.muster(url)[`${settlement}Claim`]({ params: { id: claim_id }, body })),
  );
}

/** A claim as the region knows it. */
export function claimAt(
  { http }: World,
  { url }: LocalRegion,
  { claim_id }: Pick<ClaimAnswer, 'claim_id'>,
): Promise<HttpAnswer> {
  return withProblems(http.muster(url).getClaim({ params: { id: claim_id } }));
}

/** Whether the answer says that no replica has the change. */
export const isUnreplicated = ({ status, body }: HttpAnswer): boolean =>
  status === 503 && (body as { code?: string }).code === 'not_replicated';

/** Whether the answer says that the agent has been claimed again since. */
export const isSuperseded = ({ status, body }: HttpAnswer): boolean =>
  status === 409 && (body as { code?: string }).code === 'fence_superseded';

/** Counts of a region's callers. */
export function tallyOf({ callers }: World, region: string): Tally {
  return found(callers.tallies.get(region), region);
}

/** Claims granted until now by the region of the caller, and the home of the agent: `eu-west-1` → `us-east-1` → 3. */
export function grantedByHome({ callers, regions }: World): Record<string, Record<string, number>> {
  const homes = (byHome: ReadonlyMap<string, number>) =>
    Object.fromEntries(regions.map(({ name }) => [name, byHome.get(name) ?? 0]));
  return Object.fromEntries([...callers.tallies].map(([name, { byHome }]) => [name, homes(byHome)]));
}

/** Claims granted until now to the callers of each region, by region. */
export function granted({ callers }: World): Record<string, number> {
  return Object.fromEntries([...callers.tallies].map(([name, tally]) => [name, tally.granted]));
}

/** The increase since then. */
export function gained(now: Record<string, number>, before: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`there is no ${name}`);
  return value;
}
