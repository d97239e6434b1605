import { agentsKey, rosterKey } from './record/keys.ts';
import { type AgentRecord, readRecord } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';
import { scripts } from './redis/scripts.ts';
import { scanAgents } from './scan.ts';

/** Records read in one step: their JSON is parsed at once, and callers wait meanwhile. */
const STEP = 100;

/** The records of a domain, some at a time; see `scan.ts`. @throws ShardUnavailable */
export async function* recordsOf(
  cluster: Cluster,
  domain: string,
): AsyncGenerator<[agentId: string, record: AgentRecord][]> {
  for await (const lines of scanAgents(cluster, domain, { step: STEP })) {
    yield [...lines].map(([agentId, line]) => [agentId, readRecord(line)]);
  }
}

/** Whether a claim, or what follows one, still holds the agent by the store's clock. */
export const isLocked = ({ locksMs }: AgentRecord, nowMs: number): boolean =>
  Object.values(locksMs).some((untilMs) => untilMs > nowMs);

/**
 * Takes the record of a forgotten agent out of the store, if it is still the one given and no claim holds the agent.
 * @returns whether it did. @throws ShardUnavailable
 */
export async function removeForgotten(
  cluster: Cluster,
  domain: string,
  agentId: string,
  { version }: AgentRecord,
): Promise<boolean> {
  return (await cluster.run(scripts.forget, [agentsKey(domain), rosterKey(domain)], [agentId, version])) === 1;
}
