import type { Agents } from './agents.ts';
import type { AgentRecord } from './record/record.ts';
import { ShardUnavailable } from './redis/errors.ts';

/**
 * These agents of one domain as stored, by id, one by one where a record among them cannot be read.
 * @param unreadable hears of such a record; it is left out, and costs the others nothing
 * @throws ShardUnavailable
 */
export async function getReadable(
  agents: Pick<Agents, 'getAll'>,
  domain: string,
  agentIds: string[],
  unreadable: (agentId: string, error: unknown) => void,
): Promise<Map<string, AgentRecord>> {
  try {
    return await agents.getAll(domain, agentIds);
  } catch (error) {
    if (error instanceof ShardUnavailable) throw error;
    const [only, ...more] = agentIds;
    if (only !== undefined && more.length === 0) {
      unreadable(only, error);
      return new Map();
    }
  }
  const each = agentIds.map((agentId) => getReadable(agents, domain, [agentId], unreadable));
  return new Map((await Promise.all(each)).flatMap((records) => [...records]));
}
