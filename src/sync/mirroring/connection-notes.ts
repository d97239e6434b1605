import type { Difference } from '../../agent/reconcile.ts';
import type { PlatformHealth } from '../../platforms/platform.ts';
import type { Notes } from '../../store/store.ts';

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
 * What the instances of a region tell each other about a connection: the instance that runs it
 * writes, and all read. Nothing but reports to people depends on it.
 */
export interface ConnectionNotes {
  ingest?: IngestNote;
  reconciliation?: ReconcileReport;
  /** Somebody wants the platform read now. */
  wanted?: Wanted;
}

/** @throws ShardUnavailable */
export async function writeNotes(store: Notes, connection: string, notes: ConnectionNotes): Promise<void> {
  const fields = Object.entries(notes).map(([name, note]) => [name, JSON.stringify(note)]);
  await store.write('connection', connection, Object.fromEntries(fields));
}

/** @throws ShardUnavailable */
export async function readNotes(store: Notes, connection: string): Promise<ConnectionNotes> {
  const fields = await store.read('connection', connection);
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, JSON.parse(text)]));
}
