import type { Facets } from '../agent/facets.ts';
import { digitalMedia, VOICE } from '../agent/units.ts';
import type { Config } from '../config/schema.ts';
import { domainOfAgent, queuesOf } from '../config/topology.ts';
import { queueKey } from './keys.ts';

/** The keys of every line that the agent may stand in: one for each of their queues and each media type they take. */
export function linesOf(config: Config, agentId: string, facets: Facets): string[] {
  const domain = domainOfAgent(config, agentId);
  const media = [VOICE, ...digitalMedia(facets)] as const;
  return queuesOf(config, agentId, facets.profile).flatMap((queue) =>
    media.map((each) => queueKey(domain, queue, each)),
  );
}
