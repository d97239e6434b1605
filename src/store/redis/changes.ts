import type { Claim } from '../../agent/facets.ts';
import { changesKey, readNoted } from '../record/record.ts';
import { CHANGES_KEPT, type Change, type Changes } from '../store.ts';
import type { Cluster } from './cluster.ts';

/** Where a domain begins in which nothing has changed yet. */
const BEGINNING = '0-0';

/** The changes of a domain are a stream, which scripts write beside every record. */
export class RedisChanges implements Changes {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async latest(domain: string): Promise<string> {
    const key = changesKey(domain);
    const [last] = (await this.#cluster.command(key, ['XREVRANGE', key, '+', '-', 'COUNT', '1'])) as Entry[];
    return last?.[0] ?? BEGINNING;
  }

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
    return Number(await this.#cluster.command(key, ['XLEN', key])) >= CHANGES_KEPT;
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
