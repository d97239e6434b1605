import type { Ground, Sync } from './sync.ts';

const EVERY_MS = 2000;

/** Keeps the gauges, and the outbox's knowledge of its own length, up to date. Answers how to stop. */
export function watchGauges(ground: Ground, sync: Sync): () => void {
  const timer = setInterval(() => void measure(ground, sync), EVERY_MS);
  return () => clearInterval(timer);
}

async function measure({ metrics, store, config, log }: Ground, { outbox, bus, region }: Sync): Promise<void> {
  metrics.shardUp.reset(); // a master that has been replaced would else be down for ever
  for (const { address, up } of store.cluster.shards.all()) metrics.shardUp.set({ shard: address }, up ? 1 : 0);
  for (const name of Object.keys(config.regions)) {
    metrics.regionAgeMs.set({ of: name }, region.freshness.region(name).ageMs);
  }
  try {
    for (const [partition, entries] of (await outbox.lengths()).entries())
      metrics.outboxEntries.set({ partition }, entries);
  } catch (error) {
    log.debug({ err: error }, 'the outbox could not be counted');
  }
  try {
    for (const { partition, behind } of await bus.lag()) metrics.busBehind.set({ partition }, behind);
  } catch (error) {
    log.debug({ err: error }, 'what the bus still holds for this region could not be counted');
  }
}
