import type { Facets } from '../../agent/facets.ts';
import { digitalMedia, VOICE } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent, queuesOf } from '../../config/topology.ts';
import { queueKey } from './keys.ts';

/**
 * The keys of every line that the agent may stand in: one for each of their queues and each media type they take. None for
 * whom the config does not take: what the store still holds of them gives nobody an agent.
 */
export function linesOf(config: Config, agentId: string, facets: Facets): string[] {
  if (homeOfAgent(config, agentId) === undefined) return [];
  const domain = domainOfAgent(config, agentId);
  const media = [VOICE, ...digitalMedia(facets)] as const;
  return queuesOf(config, agentId, facets.profile).flatMap((queue) =>
    media.map((each) => queueKey(domain, queue, each)),
  );
}
