import type { Claim } from '../../agent/facets.ts';
import { changesKey, readNoted } from '../record/record.ts';
import { CHANGES_KEPT, type Change, type Changes } from '../store.ts';
import type { Cluster } from './cluster.ts';

/** The position in an empty stream. */
const BEGINNING = '0-0';

/** The change stream of a domain. Scripts append to it together with each record that they write. */
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

  /** Whether the stream may have been trimmed. A trimmed stream never has fewer entries than `CHANGES_KEPT`. */
  async #hasForgotten(key: string): Promise<boolean> {
    return Number(await this.#cluster.command(key, ['XLEN', key])) >= CHANGES_KEPT;
  }
}

type Entry = [position: string, fields: string[]];

/** Reads an entry. An unreadable claim is left out; the agent's record holds it, too. */
function read([position, fields]: Entry): Change {
  const [, agentId = '', , noted] = fields;
  let claim: Claim | undefined;
  try {
    claim = noted === undefined ? undefined : readNoted(noted);
  } catch {
    // Only this change lacks its claim.
  }
  return { position, agentId, ...(claim && { claim }) };
}
