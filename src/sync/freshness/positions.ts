import { type Origin, partitionOf } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, domainsOf, type Part, partOf } from '../../config/topology.ts';
import type { Log } from '../../ops/log.ts';
import { isAtLeast, type Store } from '../../store/store.ts';

interface PositionsOptions {
  store: Pick<Store, 'notes'>;
  /** Positions of regions and domains that it does not name are ignored, so that they cannot fill the store. */
  config: Config;
  log: Log;
}

/** Delay in ms before the region's other instances can read a position. */
const SAVE_AFTER_MS = 10;

/**
 * Applied positions: up to where in each region's change streams this region has applied everything, by part.
 *
 * Why one position for each part is enough:
 * - The bus keeps the order of a change stream within a partition. The relay publishes from the oldest change on, and passes one
 *   only after the bus has confirmed it. So all messages before a published one are published, too.
 * - The applier records positions only after it has applied the whole batch, and then takes the next batch.
 * - Changes may be published again after later ones, when a lease changes hands or a confirmation is lost. Their positions are
 *   lower, and only the highest counts.
 * - Positions never go back. Redis continues from the last one. After a failover that lost some, the clock is already past them,
 *   as long as the clocks of a shard's nodes differ by less than a promotion takes (fences rest on the same).
 *
 * The instance that reads a partition wakes waiting requests at once; other instances read positions from the store. After a
 * crash or a handover a position may be too low. That is safe, because it promises less, and the next heartbeat mends it.
 */
export class Positions {
  readonly #options: PositionsOptions;
  /** By region, then part. */
  readonly #applied = new Map<string, Map<Part, string>>();
  /** Positions to write to the store. */
  readonly #unsaved = new Map<string, Set<Part>>();
  #saving: NodeJS.Timeout | undefined;
  /** Waiting requests, by agent id or part. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(options: PositionsOptions) {
    this.#options = options;
  }

  stop(): void {
    clearTimeout(this.#saving);
  }

  /** Records that everything up to a message of a partition is applied here. */
  reached({ region, domain, position }: Origin, partition: number): void {
    const { config } = this.#options;
    if (!Object.hasOwn(config.regions, region) || !domainsOf(config).includes(domain)) return;
    const part = partOf(domain, partition);
    if (!this.#note(region, part, position)) return;
    const unsaved = this.#unsaved.get(region) ?? new Set();
    this.#unsaved.set(region, unsaved.add(part));
    this.#saving ??= setTimeout(() => this.#save(), SAVE_AFTER_MS);
    this.#wake(part);
  }

  /** Wakes requests that wait for the agent. */
  changed(agentId: string): void {
    this.#wake(agentId);
  }

  /** The parts of which this region has not applied everything up to the given positions. @throws ShardUnavailable */
  async lacking(region: string, positions: ReadonlyMap<Part, string>): Promise<Part[]> {
    const lacking = (): Part[] =>
      [...positions.keys()].filter((each) => !isAtLeast(this.#applied.get(region)?.get(each), positions.get(each)));
    const parts = lacking();
    if (parts.length === 0) return parts;
    const saved = await this.#options.store.notes.readSome('positions', region, parts);
    saved.forEach((position, i) => {
      if (position !== null) this.#note(region, parts[i] as Part, position);
    });
    return lacking();
  }

  /** Resolves when this instance applies a change of one of these agents or parts, or after `ms`. */
  arrival(of: string[], ms: number): Promise<void> {
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

  /** The part of the data that an agent belongs to. */
  partOf(agentId: string): Part {
    const { config } = this.#options;
    return partOf(domainOfAgent(config, agentId), partitionOf(agentId, config.bus.partitions));
  }

  #wake(of: string): void {
    for (const end of this.#waiting.get(of) ?? []) end();
  }

  /** @returns whether the position moved forward */
  #note(region: string, part: Part, position: string): boolean {
    const applied = this.#applied.get(region) ?? new Map<Part, string>();
    this.#applied.set(region, applied);
    if (isAtLeast(applied.get(part), position)) return false;
    applied.set(part, position);
    return true;
  }

  #save(): void {
    this.#saving = undefined;
    for (const [region, parts] of this.#unsaved) {
      const applied = this.#applied.get(region);
      const fields = Object.fromEntries([...parts].map((each) => [each, applied?.get(each) ?? '']));
      // A former holder of the partition may overwrite a later position; the next heartbeat corrects it.
      this.#options.store.notes.write('positions', region, fields).catch((error) => {
        this.#options.log.debug('positions_not_written', { err: error, peer: region });
      });
    }
    this.#unsaved.clear();
  }
}
