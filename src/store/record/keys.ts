import type { Facets, Media } from '../../agent/facets.ts';
import { digitalMedia, VOICE } from '../../agent/status.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, homeOfAgent, queuesOf } from '../../config/topology.ts';

/**
 * The region's keys. Everything of a domain shares one hash tag, so one script can decide a claim and declares every
 * key it touches.
 */
export const agentsKey = (domain: string): string => `agents:{${domain}}`;
export const callsKey = (domain: string): string => `calls:{${domain}}`;
/** When the claims that this region granted lapse: see scripts/ends.lua. */
export const endsKey = (domain: string): string => `ends:{${domain}}`;
/** What has changed lately: see src/store/changes.ts. */
export const changesKey = (domain: string): string => `changes:{${domain}}`;
/** The ids of all agents who have a record, in order. */
export const rosterKey = (domain: string): string => `roster:{${domain}}`;
/** The line of a queue for one media type: scripts read the type off the key. */
export const queueKey = (domain: string, queue: string, media: Media = 'voice'): string =>
  `queue${media === 'voice' ? '' : `.${media}`}:{${domain}}:${queue}`;
/** The media type of a line. */
export const mediaOfLine = (key: string): Media => (/^queue\.([a-z_]+):/.exec(key)?.[1] ?? 'voice') as Media;
/** One stream per bus partition; partitions spread over the masters by themselves. */
export const outboxKey = (partition: number): string => `outbox:{${partition}}`;
export const regionKey = (region: string): string => `region:{${region}}`;
/** How far each outbox of a region has been applied here, by partition. */
export const positionsKey = (region: string): string => `positions:{${region}}`;
/** The latest beat of the region: see `src/sync/freshness/freshness.ts`. */
export const BEAT_KEY = 'muster:beat';
export const domainKey = (domain: string): string => `domain:{${domain}}`;
/** What was answered to a request that had a key of its caller's: see kept-answers.ts. */
export const answerKey = (id: string): string => `answers:${id}`;
export const connectionKey = (connection: string): string => `connection:{${connection}}`;
/** What the region has asked a platform lately: that all must wait, requests of the mirror, of readers; that the mirror waits; of the mirror's those of readings. */
export const budgetKeys = (connection: string): string[] =>
  ['', ':mirror', ':reader', ':waiting', ':reading'].map((part) => `budget:{${connection}}${part}`);
/** Prefixes of the leases that the region's instances share: see leases.ts. */
export const LEASES = {
  relay: '{relay}',
  alignments: '{alignments}',
  expiry: '{expiry}',
  connections: '{connections}',
  lapses: '{lapses}',
} as const;
/** Where a region's relays hear that an outbox has something. */
export const RELAY_CHANNEL = 'muster:outbox';
/** Never exists: whether it could be written says whether its master takes writes. */
export const probeKey = (n: number): string => `probe:{${n}}`;
/** Names the region that a cluster belongs to. */
export const OWNER_KEY = 'muster:owner';

/** Slots of a Redis Cluster. */
const SLOTS = 16_384;

/** The slot of a key: CRC16 (XMODEM) of its hash tag, or of the whole key, as the cluster specification has it. */
export function slotOf(key: string): number {
  const open = key.indexOf('{');
  const end = open < 0 ? -1 : key.indexOf('}', open + 1);
  const hashed = end > open + 1 ? key.slice(open + 1, end) : key;
  let crc = 0;
  for (const byte of Buffer.from(hashed)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80_00 ? ((crc << 1) ^ 0x10_21) & 0xff_ff : (crc << 1) & 0xff_ff;
  }
  return crc % SLOTS;
}

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
