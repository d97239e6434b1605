import type { Claim } from '../agent/facets.ts';
import { changesKey } from './record/keys.ts';
import { readNoted } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';

/** That an agent's record has been written. */
export interface Change {
  /** Where it stands: whoever has read so far goes on from here. */
  position: string;
  agentId: string;
  /** The claim that moved, if one did, as it was then. */
  claim?: Claim;
}

/** Changes of a domain that can still be read, at the least; src/store/scripts/changes.lua knows the same. */
export const KEPT = 10_000;

/** Where a domain begins in which nothing has changed yet. */
const BEGINNING = '0-0';
const POSITION = /^\d{1,16}-\d{1,16}$/;

export const isPosition = (text: string): boolean => POSITION.test(text);

/**
 * What has changed in a domain lately, in order, as the scripts note it beside every record that they write: an instance
 * sees what all instances of its region do, and no change is without its note.
 */
export class Changes {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The position behind everything until now. @throws ShardUnavailable */
  async latest(domain: string): Promise<string> {
    const key = changesKey(domain);
    const [last] = (await this.#cluster.command(key, ['XREVRANGE', key, '+', '-', 'COUNT', '1'])) as Entry[];
    return last?.[0] ?? BEGINNING;
  }

  /**
   * The next changes behind a position.
   * @returns `gone` where nobody knows any more what followed it: too much has, or a failover forgot it
   * @throws ShardUnavailable
   */
  async after(domain: string, position: string, count: number): Promise<Change[] | 'gone'> {
    const key = changesKey(domain);
    const from = position === BEGINNING ? '-' : position;
    const entries = (await this.#cluster.command(key, [
      'XRANGE',
      key,
      from,
      '+',
      'COUNT',
      String(count + 1),
    ])) as Entry[];
    if (position !== BEGINNING) return entries.shift()?.[0] === position ? entries.map(read) : 'gone';
    if (entries.length > 0 && (await this.#hasForgotten(key))) return 'gone';
    return entries.slice(0, count).map(read);
  }

  /** Whether the beginning may be missing: what has once been shortened is never shorter than what is kept. */
  async #hasForgotten(key: string): Promise<boolean> {
    return Number(await this.#cluster.command(key, ['XLEN', key])) >= KEPT;
  }
}

type Entry = [position: string, fields: string[]];

/** A claim that cannot be read is left out: what is told of its agent tells it, too. */
function read([position, fields]: Entry): Change {
  const [, agentId = '', , noted] = fields;
  let claim: Claim | undefined;
  try {
    claim = noted === undefined ? undefined : readNoted(noted);
  } catch {
    // Nobody's but this change's.
  }
  return { position, agentId, ...(claim && { claim }) };
}
