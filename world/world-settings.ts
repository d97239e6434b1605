import { UNSEEN_MS } from '../src/agent/claim.ts';
import { loadConfig } from '../src/config/load.ts';
import type { WorldSettings } from '../src/ops/world-line.ts';

/** The platform's rate limit, per token. */
const REQUESTS_PER_MINUTE = 300;

/** The settings of a region that checkers need, defaults included. @throws ConfigError */
export async function readSettings(configFile: string): Promise<WorldSettings> {
  const { connections, freshness, reconcile, claims } = await loadConfig(configFile);
  const terms = Object.entries(connections).map(([name, connection]) => {
    const authority = 'authority' in connection ? connection.authority : 'refuse';
    return [name, { home: connection.home, authority }] as const;
  });
  const reportsInteractions = Object.values(connections).every(({ platform }) => platform !== 'events');
  return {
    connections: Object.fromEntries(terms),
    suspect_ms: freshness.suspectMs,
    stale_ms: freshness.staleMs,
    heartbeat_ms: freshness.heartbeatMs,
    reconcile_ms: reconcile.intervalMs,
    held_ms: claims.heldMs,
    // Interactions that platforms report hold the agent from then on.
    confirmed_ms: reportsInteractions ? Math.min(claims.confirmedMs, UNSEEN_MS) : claims.confirmedMs,
    replication: claims.replication,
    budget_per_minute: REQUESTS_PER_MINUTE,
  };
}
