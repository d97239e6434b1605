import { partitionOf } from '../../bus/envelope.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';

interface PositionsOptions {
  store: Pick<Store, 'notes'>;
  partitions: number;
  /** Those of the config. What others say of theirs is nobody's to wait for, and would fill the store. */
  regions: string[];
  log: Log;
}

/** How long a position may wait before the region's other instances can read it, in ms. */
const SAVE_AFTER_MS = 10;

/**
 * How far this region has applied each outbox of each region: "everything that region B appended to its outbox n up
 * to the entry 1795401957384-0 has been applied here".
 *
 * Why that is so. A partition keeps the order of the outbox: the relay publishes from the oldest entry on, and deletes
 * an entry only when the bus has confirmed it; so when an entry is published, all before it have been. The applier
 * notes a batch when it is applied as a whole, and takes the next one only then. Where two relays publish around a
 * lease's end, or one repeats what the bus had confirmed to nobody, entries come again behind later ones; their ids are
 * lower, and the highest is what counts. An id never comes back lower: Redis continues from the last one, and after a
 * promotion that lost some the clock is past them (as with fences, the clocks of a shard's nodes must differ by less
 * than a promotion takes).
 *
 * The instance that reads a partition knows at once and wakes who waits; the others find it in the store. A position
 * that is too low, after a crash or a handover, is right, too: it promises less. The next heartbeat brings a new one.
 */
export class Positions {
  readonly #options: PositionsOptions;
  /** By region, then partition. */
  readonly #applied = new Map<string, Map<number, string>>();
  /** What the other instances have not been told yet. */
  readonly #unsaved = new Map<string, Set<number>>();
  #saving: NodeJS.Timeout | undefined;
  /** Who waits for an agent, or for a partition. */
  readonly #waiting = new Map<string | number, Set<() => void>>();

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  stop(): void {
    clearTimeout(this.#saving);
  }

  /** Notes that everything up to an entry of a region's outbox has been applied here. */
  reached(region: string, partition: number, entry: string): void {
    if (!this.#options.regions.includes(region) || !this.#note(region, partition, entry)) return;
    const unsaved = this.#unsaved.get(region) ?? new Set();
    this.#unsaved.set(region, unsaved.add(partition));
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
    this.#wake(partition);
  }

  /** Notes that a change of an agent has been applied here. */
  changed(agentId: string): void {
    this.#wake(agentId);
  }

  /** The partitions of which this region has not applied everything up to the given entries. @throws ShardUnavailable */
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

  /** Resolves when this instance applies something of the agents or partitions named, or after `ms`. */
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

  /** Whether it is news. */
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
      // A former holder of a partition may overwrite a later position; the next heartbeat makes good for it.
      this.#options.store.notes.write('positions', region, fields).catch((error) => {
        this.#options.log.debug('positions_not_written', { err: error, peer: region });
      });
    }
    this.#unsaved.clear();
  }
}

/** Whether one stream entry's id is another's or a later one. */
export function isAtLeast(id: string | undefined, other: string | undefined): boolean {
  if (id === undefined || other === undefined) return false;
  const [dash, otherDash] = [id.indexOf('-'), other.indexOf('-')];
  const laterMs = Number(id.slice(0, dash)) - Number(other.slice(0, otherDash));
  return (laterMs || Number(id.slice(dash + 1)) - Number(other.slice(otherDash + 1))) >= 0;
}
