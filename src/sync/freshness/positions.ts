import { partitionOf } from '../../bus/envelope.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';

interface PositionsOptions {
  store: Pick<Store, 'notes'>;
  partitions: number;
  /** The regions of the configuration. Positions of others are ignored, so that they cannot fill the store. */
  regions: string[];
  log: Log;
}

/** Delay in ms before the region's other instances can read a position. */
const SAVE_AFTER_MS = 10;

/**
 * Applied positions: the last entry of each region's outbox up to which this region has applied everything.
 *
 * Why one id per outbox partition is enough:
 * - The bus keeps the order of the outbox. The relay publishes from the oldest entry on, and deletes an entry only after the
 *   bus has confirmed it. So all entries before a published one are published, too.
 * - The applier records positions only after it has applied the whole batch, and then takes the next batch.
 * - Entries may be published again after later ones, when a lease changes hands or a confirmation is lost. Their ids are
 *   lower, and only the highest id counts.
 * - Ids never go back. Redis continues from the last id. After a failover that lost some, the clock is already past them, as
 *   long as the clocks of a shard's nodes differ by less than a promotion takes (fences rest on the same).
 *
 * The instance that reads a partition wakes waiting requests at once; other instances read positions from the store. After a
 * crash or a handover a position may be too low. That is safe, because it promises less, and the next heartbeat mends it.
 */
export class Positions {
  readonly #options: PositionsOptions;
  /** By region, then partition. */
  readonly #applied = new Map<string, Map<number, string>>();
  /** Positions to write to the store. */
  readonly #unsaved = new Map<string, Set<number>>();
  #saving: NodeJS.Timeout | undefined;
  /** Waiting requests, by agent id or partition. */
  readonly #waiting = new Map<string | number, Set<() => void>>();

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  stop(): void {
    clearTimeout(this.#saving);
  }

  /** Records that everything up to an entry of a region's outbox is applied here. */
  reached(region: string, partition: number, entry: string): void {
    if (!this.#options.regions.includes(region) || !this.#note(region, partition, entry)) return;
    const unsaved = this.#unsaved.get(region) ?? new Set();
    this.#unsaved.set(region, unsaved.add(partition));
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
    this.#wake(partition);
  }

  /** Wakes requests that wait for the agent. */
  changed(agentId: string): void {
    this.#wake(agentId);
  }

  /** The partitions on which this region has not applied everything up to the given entries. @throws ShardUnavailable */
  async lacking(region: string, entries: ReadonlyMap<number, string>): Promise<number[]> {
    const lacking = (): number[] =>
      [...entries.keys()].filter((each) => !isAtLeast(this.#applied.get(region)?.get(each), entries.get(each)));
    const partitions = lacking();
    if (partitions.length === 0) return partitions;
    const saved = await this.#options.store.notes.readSome('positions', region, partitions.map(String));
    saved.forEach((entry, i) => {
      if (entry !== null) this.#note(region, partitions[i] as number, entry);
    });
    return lacking();
  }

  /** Resolves when this instance applies a change of one of these agents or partitions, or after `ms`. */
  arrival(of: (string | number)[], ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        for (const each of of) {
          const waiting = this.#waiting.get(each);
          waiting?.delete(end);
          if (waiting?.size === 0) this.#waiting.delete(each);
        }
        resolve();
      };
      const timer = setTimeout(end, ms);
      for (const each of of) this.#waiting.set(each, (this.#waiting.get(each) ?? new Set()).add(end));
    });
  }

  partitionOf(agentId: string): number {
    return partitionOf(agentId, this.#options.partitions);
  }

  #wake(of: string | number): void {
    for (const end of this.#waiting.get(of) ?? []) end();
  }

  /** @returns whether the position moved forward */
  #note(region: string, partition: number, entry: string): boolean {
    const applied = this.#applied.get(region) ?? new Map<number, string>();
    this.#applied.set(region, applied);
    if (isAtLeast(applied.get(partition), entry)) return false;
    applied.set(partition, entry);
    return true;
  }

  #save(): void {
    this.#saving = undefined;
    for (const [region, partitions] of this.#unsaved) {
      const applied = this.#applied.get(region);
      const fields = Object.fromEntries([...partitions].map((each) => [each, applied?.get(each) ?? '']));
      // A former holder of the partition may overwrite a later position; the next heartbeat corrects it.
      this.#options.store.notes.write('positions', region, fields).catch((error) => {
        this.#options.log.debug('positions_not_written', { err: error, peer: region });
      });
    }
    this.#unsaved.clear();
  }
}

/** Whether a stream entry's id is equal to another or later. */
export function isAtLeast(id: string | undefined, other: string | undefined): boolean {
  if (id === undefined || other === undefined) return false;
  const [dash, otherDash] = [id.indexOf('-'), other.indexOf('-')];
  const laterMs = Number(id.slice(0, dash)) - Number(other.slice(0, otherDash));
  return (laterMs || Number(id.slice(dash + 1)) - Number(other.slice(otherDash + 1))) >= 0;
}
