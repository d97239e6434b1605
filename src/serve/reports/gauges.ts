import type { Ground } from '../ground.ts';
import type { Sync } from '../sync.ts';
import { countBacklog } from './backlog.ts';

const EVERY_MS = 2000;

/** Updates the gauges, and the outbox's length, every 2 s. @returns a function that stops it */
export function watchGauges(ground: Ground, sync: Sync): () => void {
  const timer = setInterval(() => measure(ground, sync), EVERY_MS);
  return () => clearInterval(timer);
}

function measure(ground: Ground, sync: Sync): void {
  const { metrics, store, config, clock } = ground;
  const { freshness, peers } = sync.region;
  metrics.shardUp.reset(); // otherwise a replaced master would stay down forever
  metrics.shardRefuses.reset();
  for (const { address: shard, up, refuses } of store.shards()) {
    metrics.shardUp.set({ shard }, up ? 1 : 0);
    metrics.shardRefuses.set({ shard }, refuses === undefined ? 0 : 1);
  }
  for (const name of Object.keys(config.regions)) {
    metrics.regionAge.set({ of_region: name }, freshness.region(name).ageMs / 1000);
    const offsetMs = peers.clockOffsetMs(name);
    if (offsetMs !== undefined) metrics.clockOffset.set({ of_region: name }, Math.round(offsetMs) / 1000);
  }
  for (const [issuer, { ageMs }] of ground.access.published) {
    if (Number.isFinite(ageMs)) metrics.issuerKeysAge.set({ issuer }, Math.round(ageMs) / 1000);
  }
  metrics.reconcileAge.reset(); // another instance may run the connection by now, and reports it
  for (const [connection, { lastSnapshotMs }] of Object.entries(sync.connections.health())) {
    if (lastSnapshotMs !== undefined) metrics.reconcileAge.set({ connection }, (clock.nowMs() - lastSnapshotMs) / 1000);
  }
  void countBacklog(ground, sync);
}
