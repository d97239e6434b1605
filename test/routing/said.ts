import type { Facets } from '../../src/agent/facets.ts';
import { claim } from '../../src/routing/claims/claim.ts';
import type { ClaimRequest, Granted } from '../../src/routing/claims/grant.ts';
import { Refusal } from '../../src/routing/refusal.ts';
import type { Region } from '../../src/routing/region.ts';
import { START_MS, type TestRegion } from './memory-regions.ts';

/** An agent who waits in `support` and in the queue of their connection since so many ms before the start. */
export function idle(agentId: string, sinceMs: number, skills: Record<string, number> = {}): Facets {
  const [connection = ''] = agentId.split(':');
  const version = { at: START_MS - sinceMs, id: `${agentId}/${sinceMs}` };
  return {
    profile: { name: agentId, queues: [`${connection}:q`], skills, tenureDays: 0, ...version },
    presence: { state: 'ON_DUTY', ...version },
    activity: { state: 'IDLE', ...version },
  };
}

/** Agents whom these regions know as idle, the first for longest. */
export async function bringOnDuty(regions: TestRegion[], ...agentIds: string[]): Promise<void> {
  for (const { store } of regions) {
    for (const [i, agentId] of agentIds.entries()) {
      (await store.agents.apply(agentId, idle(agentId, 60_000 - i * 1000))).evenIfLost();
    }
  }
}

/** What a caller asks for unless a test says otherwise. */
const asked: Omit<ClaimRequest, 'callId'> = {
  queue: 'support',
  media: 'voice',
  skills: {},
  budgetMs: 1000,
  explain: false,
};

export const askFor = (callId: string, more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  ...asked,
  callId,
  ...more,
});

export const claimFor = ({ region }: TestRegion, callId: string, more: Partial<ClaimRequest> = {}): Promise<Granted> =>
  claim(region, askFor(callId, more));

/** Something that happens to an agent, as told to `region` in an event. */
export function happens(region: Region, agentId: string, facets: Facets) {
  const timestampMs = region.clock.nowMs();
  const eventId = `${agentId}/${timestampMs}/${Object.keys(facets).join()}`;
  return region.ingest.accept({ eventId, agentId, timestampMs, region: region.config.region, source: 'test', facets });
}

/** The refusal that something ends with. */
export async function refusalOf(work: Promise<unknown>): Promise<Refusal> {
  const error = await work.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!(error instanceof Refusal)) throw new Error('it was not refused', { cause: error });
  return error;
}

/** How often something was counted, by the labels that name it. */
export async function counted(
  metric: { get(): Promise<{ values: { value: number; labels: object }[] }> },
  labels: Record<string, string>,
): Promise<number> {
  const { values } = await metric.get();
  const is = (other: object): boolean =>
    Object.entries(labels).every(([name, value]) => (other as Record<string, string>)[name] === value);
  return values.filter((each) => is(each.labels)).reduce((sum, { value }) => sum + value, 0);
}
