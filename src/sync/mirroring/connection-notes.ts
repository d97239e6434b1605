import type { Difference } from '../../agent/reconcile.ts';
import type { PlatformHealth } from '../../platforms/platform.ts';
import type { Notes } from '../../store/store.ts';

/** Health of a connection, written by the instance that runs it. */
interface IngestNote extends PlatformHealth {
  instance: string;
}

/** The result of one reconciliation. */
export interface ReconcileReport {
  /** When it ended, in ms of local wall time. */
  atMs: number;
  tookMs: number;
  /** Agents compared. */
  checked: number;
  /** Agents with at least one difference. */
  differed: number;
  /** Differences by facet. */
  byKind: Partial<Record<Difference, number>>;
  /** Differences where the platform's value replaced a newer one in the store. */
  overruled: number;
  /** Why it did not complete, for operators. */
  failed?: string;
}

/** An operator's request to read the platform now. Each has a new id. */
export interface Wanted {
  id: string;
}

/**
 * Notes that the instances of a region share about a connection: the instance that runs it writes them, and all read them.
 * Except for `wanted`, they serve reports only.
 */
export interface ConnectionNotes {
  ingest?: IngestNote;
  reconciliation?: ReconcileReport;
  /** Asks the instance that runs the connection to read the platform now. */
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
