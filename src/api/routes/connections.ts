import type { FastifyInstance } from 'fastify';
import type { Difference } from '../../agent/reconcile.ts';
import type { Misplacement } from '../../cache/place.ts';
import type { ApiContext } from '../server.ts';

export interface ConnectionsReport {
  region: string;
  instance: string;
  connections: ConnectionReport[];
  /** Whether the queues of this region agree with its records, by domain. */
  domains: { domain: string; alignment: AlignmentOfDomain | null }[];
}

/** The last check of a domain in this region, whichever instance made it. */
export interface AlignmentOfDomain {
  instance: string;
  /** When it ended, in ms since the epoch. */
  at: number;
  took_ms: number;
  /** Records compared with their places, and members of queues with their records. */
  records: number;
  members: number;
  /** What was wrong and has been put right. */
  repaired: Partial<Record<Misplacement, number>>;
}

/** One connection of the config. */
export interface ConnectionReport {
  connection: string;
  platform: string;
  home: string;
  domain: string;
  /** Told by the region that ingests it, whichever instance is asked. */
  ingest?: IngestReport;
}

export interface IngestReport {
  /** The instance that runs the connection; null while none does. */
  instance: string | null;
  /** As that instance told within the last seconds; null before it did. */
  health: {
    /** Whether live changes are flowing. */
    connected: boolean;
    agents: number;
    /** How long ago the last complete reading ended; null before the first. */
    read_age_ms: number | null;
    problem?: string;
  } | null;
  /** The last reading that was compared with the store; null before the first. */
  reconciliation: {
    /** When it ended, in ms since the epoch. */
    at: number;
    took_ms: number;
    /** Agents compared, and those of whom something differed. */
    checked: number;
    differed: number;
    by_kind: Partial<Record<Difference, number>>;
    overruled: number;
    /** Why it ended early. */
    failed?: string;
  } | null;
}

/** The accounts on platforms: who reads them, how that goes, what the last reconciliation found. */
export function connectionRoutes(server: FastifyInstance, { connections }: ApiContext): void {
  server.get('/v1/connections', { config: { access: 'admin:region' } }, () => connections());
}
