import type { Facets } from '../../agent/facets.ts';
import type { Config } from '../../config/schema.ts';
import { homeOfAgent } from '../../config/topology.ts';
import { linesOf } from './lines.ts';
import { writeRecord } from './record.ts';

/**
 * Makes of an agent all that the store is given, and gives it nothing: what nobody could ever store is not to be accepted.
 * @throws whatever would keep the agent from being stored, every time
 */
export function demandStorable(config: Config, agentId: string, facets: Facets): void {
  linesOf(config, agentId, facets);
  writeRecord(facets, homeOfAgent(config, agentId) ?? '', { locksMs: {}, holdMs: 0 }, config.ranking);
}
