import { UNSEEN_MS } from '../src/agent/claim.ts';
import { loadConfig } from '../src/config/load.ts';
import type { WorldSettings } from '../src/ops/world-line.ts';

/** What the platform takes, per token. */
const REQUESTS_PER_MINUTE = 300;

/** What a checker must know of a region's configuration, defaults included. @throws ConfigError */
export async function readSettings(configFile: string): Promise<WorldSettings> {
  const { connections, freshness, reconcile, claims } = await loadConfig(configFile);
  const terms = Object.entries(connections).map(([name, connection]) => {
    const authority = 'authority' in connection ? connection.authority : 'refuse';
    return [name, { home: connection.home, authority }] as const;
  });
  const tells = Object.values(connections).every(({ platform }) => platform !== 'events');
  return {
    connections: Object.fromEntries(terms),
    suspect_ms: freshness.suspectMs,
    stale_ms: freshness.staleMs,
    heartbeat_ms: freshness.heartbeatMs,
    reconcile_ms: reconcile.intervalMs,
    held_ms: claims.heldMs,
    // Where platforms tell of interactions these hold the agent themselves, from there on.
    confirmed_ms: tells ? Math.min(claims.confirmedMs, UNSEEN_MS) : claims.confirmedMs,
    replication: claims.replication,
    budget_per_minute: REQUESTS_PER_MINUTE,
  };
}
