import type { Claim } from '../../agent/facets.ts';
import { changesKey, readNoted } from '../record/record.ts';
import { CHANGES_KEPT, type Change, type Changes, type OutboxEntry } from '../store.ts';
import type { Cluster } from './cluster.ts';

/** The field of the entry that stands for changes that were not noted: see scripts/changes.lua. */
const GAP = 'g';
/** The position in an empty stream. */
const BEGINNING = '0-0';

/** Without what is for the relay. */
function changeOf(raw: Entry): Change {
  const { message: _, writtenMs: __, ...change } = entryOf(raw);
  return change;
}

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
    if (position !== BEGINNING && entries.shift()?.[0] !== position) return 'gone';
    const next = entries.slice(0, count);
    if (next.some(([, [name]]) => name === GAP)) return 'gone';
    if (position !== BEGINNING) return next.map(changeOf);
    if (entries.length > 0 && (await this.#hasForgotten(key))) return 'gone';
    return next.map(changeOf);
  }

  /** Whether the stream may have been trimmed. A trimmed stream never has fewer entries than `CHANGES_KEPT`. */
  async #hasForgotten(key: string): Promise<boolean> {
    return Number(await this.#cluster.command(key, ['XLEN', key])) >= CHANGES_KEPT;
  }
}

export type Entry = [position: string, fields: string[]];

/** Reads an entry; scripts/changes.lua describes its fields. An unreadable claim is left out; the agent's record holds it, too. */
export function entryOf([position, fields]: Entry): OutboxEntry {
  const entry: OutboxEntry = { position, agentId: '', writtenMs: Number(position.slice(0, position.indexOf('-'))) };
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [name, value = ''] = [fields[i], fields[i + 1]];
    if (name === 'a') entry.agentId = value;
    if (name === 'm') entry.message = value;
    const claim = name === 'c' ? claimIn(value) : undefined;
    if (claim) entry.claim = claim;
  }
  return entry;
}

function claimIn(noted: string): Claim | undefined {
  try {
    return readNoted(noted);
  } catch {
    return undefined; // Only this change lacks its claim.
  }
}
