import type { Difference } from '../../agent/reconcile.ts';
import type { PlatformHealth } from '../../platforms/platform.ts';
import { connectionKey } from '../../store/record/keys.ts';
import type { Cluster } from '../../store/redis/cluster.ts';

/** How the instance that runs a connection last found it. */
interface IngestNote extends PlatformHealth {
  instance: string;
}

/** What one reconciliation found. */
export interface ReconcileReport {
  /** When it ended, in ms of local wall time. */
  atMs: number;
  tookMs: number;
  /** Agents compared. */
  checked: number;
  /** Agents of whom something differed. */
  differed: number;
  /** What differed, facet by facet. */
  byKind: Partial<Record<Difference, number>>;
  /** Differences where the platform overruled something newer in the store. */
  overruled: number;
  /** Why it ended before its end, for people. */
  failed?: string;
}

/** A wish of an operator; each has another id. */
export interface Wanted {
  id: string;
}

/**
 * What the instances of a region tell each other about a connection: the hash `connection:<c>`, where the instance that
 * runs it writes and all read. Nothing but reports to people depends on it.
 */
export interface ConnectionNotes {
  ingest?: IngestNote;
  reconciliation?: ReconcileReport;
  /** Somebody wants the platform read now. */
  wanted?: Wanted;
}

/** @throws ShardUnavailable */
export async function writeNotes(cluster: Cluster, connection: string, notes: ConnectionNotes): Promise<void> {
  const key = connectionKey(connection);
  const fields = Object.entries(notes).flatMap(([name, note]) => [name, JSON.stringify(note)]);
  await cluster.command(key, ['HSET', key, ...fields]);
}

/** @throws ShardUnavailable */
export async function readNotes(cluster: Cluster, connection: string): Promise<ConnectionNotes> {
  const key = connectionKey(connection);
  const fields = (await cluster.command(key, ['HGETALL', key])) as Record<string, string>;
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, JSON.parse(text)]));
}
