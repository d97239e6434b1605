import { join } from 'node:path';
import { createClient } from '@muster-routing/muster/client';
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { startInstance } from '../../src/serve/instance.ts';
import { startRedisCluster } from '../../world/redis/cluster.ts';
import { startRedis } from '../../world/redis/server.ts';
import { Credentials, claimSettings, writeClaimKey } from '../../world/tools/credentials.ts';
import { freePort } from '../../world/tools/ports.ts';

export interface FuzzedRegion {
  url: string;
  /** Of a caller who may do everything. */
  token: string;
  stop(): Promise<void>;
}

const SINCE_MS = Date.UTC(2026, 0, 1);
const AGENTS = 50;

/**
 * One region with agents on duty, behind closed doors. Everything it keeps is below `dir`.
 * @param prepare what the region is to find in its store
 */
export async function startFuzzedRegion(dir: string, prepare = async (_: Config) => {}): Promise<FuzzedRegion> {
  const bus = await startRedis({ dir: join(dir, 'bus') });
  const cluster = await startRedisCluster({ dir: join(dir, 'cluster'), replicas: false });
  const port = await freePort();
  const credentials = new Credentials(dir, ['eu']);
  writeClaimKey(dir);
  const { auth, regions } = credentials.settings('eu', ['eu']) as Guarded;
  const settings = {
    region: 'eu',
    listen: { port },
    log: { level: 'error' },
    redis: { nodes: cluster.addresses, replicas: 0 },
    bus: { url: bus.url },
    audit: { file: join(dir, 'audit') },
    auth,
    ...claimSettings(),
    regions: { eu: { url: `http://127.0.0.1:${port}`, ...regions.eu } },
    connections: { crm: { platform: 'events', home: 'eu' } },
    queues: { support: { unites: ['crm:support'] } },
  };
  const config = readConfig(JSON.stringify(settings), join(dir, 'eu.yaml'), {});
  await prepare(config);
  const instance = await startInstance({ config });
  const token = await credentials.token();
  await bringOnDuty(instance.url, token);
  return {
    url: instance.url,
    token,
    stop: async () => {
      await instance.stop();
      await Promise.all([bus.stop(), cluster.stop()]);
    },
  };
}

interface Guarded {
  auth: object;
  regions: { eu: object };
}

async function bringOnDuty(url: string, token: string): Promise<void> {
  const profile = { queues: ['crm:support'], skills: { billing: 50 } };
  const events = Array.from({ length: AGENTS }, (_, at) => ({
    event_id: `duty-${at}`,
    agent_id: `crm:${at}`,
    status: 'AVAILABLE' as const,
    timestamp: SINCE_MS + at,
    profile,
  }));
  await createClient({ url, token: () => token }).sendEvents({ body: events });
}
